// The pages that the HTML rewriter is measured on: generated, the same bytes every time.

/** The backend that the pages name here and there. */
export const BACKEND = 'http://127.0.0.1:8080';

/** A page of an application: navigation, cards with srcset, forms, inline style and JSON; every fifth card is absolute. */
export function applicationPage(targetBytes: number): Buffer {
  const random = randomNumbers(1);
  const parts = [applicationHead()];
  let size = 0;
  for (let index = 0; size < targetBytes; index++) {
    const card = index % 9 === 8 ? form(index) : article(index, random);
    parts.push(card);
    size += card.length;
  }
  parts.push('<script src="/static/js/tail.js" defer></script></body></html>\n');
  return Buffer.from(parts.join(''));
}

/** A long book on one page: text, inline code, links inside the page, one absolute link. */
export function bookPage(targetBytes: number): Buffer {
  const random = randomNumbers(2);
  const parts = [
    `<!DOCTYPE html><html lang="en"><head><title>Book</title><link rel="stylesheet" href="css/general.css"></head>`,
  ];
  parts.push(`<body class="light"><main><p>Printed from <a href="${BACKEND}/book/">the book</a>.</p>\n`);
  let size = 0;
  for (let index = 0; size < targetBytes; index++) {
    const part = index % 7 === 6 ? codeBlock(index, random) : paragraph(index, random);
    parts.push(part);
    size += part.length;
  }
  parts.push('</main></body></html>\n');
  return Buffer.from(parts.join(''));
}

/** A style sheet as build tools write them: rules, comments, functions, a URL here and there. */
export function styleSheet(targetBytes: number): Buffer {
  const random = randomNumbers(4);
  const parts = ['@charset "utf-8";@import "/static/css/base.css" screen;\n'];
  let size = 0;
  for (let index = 0; size < targetBytes; index++) {
    const name = words(random, 2).replace(' ', '-');
    const url = index % 9 === 0 ? `background-image:url(${index % 45 === 0 ? BACKEND : ''}/img/${name}.png);` : '';
    const comment = index % 13 === 0 ? `/* ${words(random, 12)} */\n` : '';
    const rule =
      `${comment}.${name}:hover>a[href^="#"],.${name}-${index}{${url}color:rgba(${index % 255},20,30,.5);` +
      `width:calc(100% - ${index}px);margin:0 auto;content:"${words(random, 1)}";transform:translate(var(--${name}),0)}\n`;
    parts.push(rule);
    size += rule.length;
  }
  return Buffer.from(parts.join(''));
}

/** A highlighted source file: a tag every few words, line numbers, nothing to rewrite but the head. */
export function sourcePage(targetBytes: number): Buffer {
  const random = randomNumbers(3);
  const parts = [
    '<!DOCTYPE html><html><head><link rel="stylesheet" href="../static.files/rustdoc.css"></head><body><pre>\n',
  ];
  let size = 0;
  for (let line = 1; size < targetBytes; line++) {
    const indent = ' '.repeat(4 * (random() % 5));
    const name = words(random, 2).replace(' ', '_');
    const text =
      `<a href=#${line} id=${line} data-nosnippet>${line}</a>${indent}<span class="kw">let </span>${name} = ` +
      `<span class="self">self</span>.${name}(<span class="string">&quot;${words(random, 3)}&quot;</span>, ` +
      `<span class="number">${random() % 1000}</span>); ${words(random, 6)}\n`;
    parts.push(text);
    size += text.length;
  }
  parts.push('</pre></body></html>\n');
  return Buffer.from(parts.join(''));
}

function applicationHead(): string {
  const links = ['home', 'projects', 'issues', 'wiki', 'people', 'settings', 'help'];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Dashboard</title>
<link rel="stylesheet" href="/static/css/app.css">
<link rel="icon" href="/favicon.ico">
<meta property="og:image" content="/static/og.png">
<style>.hero{background:url(/static/hero.jpg) no-repeat}.card{border:1px solid #ddd;border-radius:4px}</style>
<script src="/static/js/app.js"></script>
</head>
<body>
<nav class="top"><ul>${links.map((name) => `<li><a class="nav-link" href="/${name}">${name}</a></li>`).join('\n')}</ul></nav>
`;
}

function article(index: number, random: () => number): string {
  const base = index % 5 === 4 ? BACKEND : '';
  const data = JSON.stringify({ id: index, name: words(random, 2), tags: words(random, 3).split(' ') });
  return `<article class="card card--${index % 3}" id="card-${index}" data-id="${index}">
  <a class="card__link" href="${base}/items/${index}"><img class="card__image" loading="lazy" width="320" height="200" alt="${words(random, 3)}" src="${base}/img/${index}.jpg" srcset="/img/${index}-320.jpg 320w, /img/${index}-640.jpg 640w"></a>
  <h2 class="card__title">${words(random, 5)}</h2>
  <p>${words(random, 40)} <b>${words(random, 2)}</b> ${words(random, 20)}</p>
  <div class="card__meta" style="color:#333;padding:2px"><span class="author">${words(random, 2)}</span> <time datetime="2024-03-0${(index % 9) + 1}">March</time></div>
  <script type="application/json">${data}</script>
  <a class="more" href="${base}/items/${index}#comments">comments</a> <a href="https://cdn.example.net/x/${index}">mirror</a>
</article>
`;
}

function form(index: number): string {
  return `<form class="filter" action="/items/${index}/comments" method="post">
  <input type="hidden" name="token" value="8f3a${index}"><label for="c${index}">Comment</label>
  <textarea id="c${index}" name="body" rows="3"></textarea>
  <select name="kind"><option value="a">first</option><option value="b" selected>second</option></select>
  <button type="submit" class="button button--primary" formaction="/items/${index}/preview">Preview</button>
</form>
`;
}

function paragraph(index: number, random: () => number): string {
  const link = `<a href="#section-${index}">${words(random, 2)}</a>`;
  const code = `<code class="hljs">${words(random, 1)}</code>`;
  return `<p>${words(random, 14)} ${code} ${words(random, 9)} ${link} ${words(random, 7)} <em>${words(random, 1)}</em>.</p>\n`;
}

function codeBlock(index: number, random: () => number): string {
  const lines = Array.from(
    { length: 6 },
    () => `    <span class="boring">${words(random, 3)}</span> ${words(random, 7)};`,
  );
  return `<h3 id="section-${index}">${words(random, 4)}</h3><pre><code class="language-rust">${lines.join('\n')}\n</code></pre>\n`;
}

const VOCABULARY = (
  'the of value type function borrow owner scope memory thread string vector pattern match error result option trait ' +
  'generic lifetime module crate package test macro closure iterator reference mutable struct field method panic'
).split(' ');

function words(random: () => number, count: number): string {
  return Array.from({ length: count }, () => VOCABULARY[random() % VOCABULARY.length]).join(' ');
}

/** A small linear congruential generator: the pages must not change between runs. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
