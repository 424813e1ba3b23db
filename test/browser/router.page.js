// A router of the kind that single-page applications bring: it reads the path, changes the history, listens to popstate.

const PAGES = { '/': 'home', '/about': 'about', '/users/1': 'user 1' };
const links = Object.keys(PAGES).map((path) => `<a href="${path}">${path}</a>`);

function render() {
  const page = PAGES[location.pathname] ?? `not found: ${location.pathname}`;
  document.querySelector('#root').innerHTML = `${links.join(' ')}<h1>${page}</h1><img src="pixel.svg">`;
  document.title = page;
}

function go(path) {
  history.pushState({ path }, '', path);
  render();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (link === null) return;
  event.preventDefault();
  // What was written, as the links of frameworks know it.
  go(Object.keys(PAGES)[[...document.links].indexOf(link)]);
});
addEventListener('popstate', render);
// Routers put their own state beside the first entry.
history.replaceState({ ...history.state, isFirst: true }, '');
// biome-ignore lint/suspicious/noDocumentCookie: what is tested
document.cookie = 'token=t1; Path=/';
document.documentElement.dataset.cookie = document.cookie;
render();
