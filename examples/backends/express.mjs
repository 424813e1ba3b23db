// A backend on Express that knows its public address. Behind examples/nevow.yaml: node examples/backends/express.mjs
import express from 'express';
import session from 'express-session';
import { publicAddress, publicUrl } from 'portico/backend/express';

const app = express();

// First of all: the session below decides by req.secure, and everything that redirects by the public URL.
app.use(publicAddress());
app.use(session({ secret: 'change me', resave: false, saveUninitialized: false, cookie: { secure: 'auto' } }));

app.get('/login', (request, response) => {
  request.session.user = 'somebody';
  response.redirect(publicUrl(request).root);
});

app.use((request, response) => {
  const url = publicUrl(request);
  if (!url.path.endsWith('/')) response.redirect(url.withSlash);
  else response.type('text').send(`${url.here}\n`);
});

const server = app.listen(Number(process.env.PORT ?? 8081), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
