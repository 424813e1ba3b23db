// The bodies that every rewriter but HTML and CSS is measured on: generated, the same bytes every time.

const BACKEND = 'http://127.0.0.1:8080';

/** Rows of an API; every `every`-th carries a URL of the backend, 0 for none. */
export function jsonRows(targetBytes: number, every: number): Buffer {
  return repeat(targetBytes, (index) => {
    const url = every > 0 && index % every === 0 ? `${BACKEND}/items/${index}` : `/items/${index}`;
    return `{"id":${index},"name":"item ${index}","url":"${url}","tags":["a","b"],"price":${index / 4},"ok":true},\n`;
  });
}

/** A bundle as a minifier writes it: short names, many strings, regular expressions, a sink now and then. */
export function minifiedScript(targetBytes: number): Buffer {
  return repeat(targetBytes, (index) => {
    const sink = index % 40 === 0 ? `location.href="/login?r="+t;` : '';
    return (
      `function a${index}(e,t){if(!e||"string"!=typeof t)return null;for(var n=0;n<e.length;n++){var r=e[n];` +
      `if(r.id===t&&/^[a-z]+\\/x$/i.test(r.name))return{type:"item",path:"/items/"+r.id,n:n/2}}${sink}` +
      `return e.map((function(e){return\`\${e.a}/\${e.b}\`})),c(e,{key:'k${index}',cls:"btn btn-primary",on:t})}\n`
    );
  });
}

/** A site map of other hosts, in which there is nothing to do. */
export function siteMap(targetBytes: number): Buffer {
  const rows = repeat(targetBytes, (index) => `<url><loc>https://other.example/page/${index}</loc></url>\n`);
  return Buffer.concat([Buffer.from('<?xml version="1.0"?>\n<urlset>'), rows, Buffer.from('</urlset>')]);
}

/** A drawing with many elements and few URLs. */
export function drawing(targetBytes: number): Buffer {
  const rows = repeat(targetBytes, (index) => {
    const image = index % 10 === 0 ? `<image href="/i/${index}.png"/>` : '';
    return `<path class="c" fill="url(#g)" d="M0 0L${index} 10 20 ${index}Z"/>${image}\n`;
  });
  return Buffer.concat([Buffer.from('<svg xmlns="http://www.w3.org/2000/svg">'), rows, Buffer.from('</svg>')]);
}

function repeat(targetBytes: number, makePart: (index: number) => string): Buffer {
  const parts: string[] = [];
  for (let index = 0, size = 0; size < targetBytes; index++) {
    const part = makePart(index);
    parts.push(part);
    size += part.length;
  }
  return Buffer.from(parts.join(''));
}
