// Runs in the page under test: hands one URL to every API that takes one. `run(settings)` answers the names of what was tried.

/** How the page may do things: the settings of one run. */
const trusted = { html: (text) => text, url: (text) => text };
const element = (name) => document.createElement(name);
const put = (child) => document.body.appendChild(child);
/** An element that loads what its property names. */
const loads = (name, property) => (url) => {
  const made = element(name);
  made[property] = url;
  put(made);
};
const attribute = (name, key) => (url) => {
  const made = element(name);
  made.setAttribute(key, url);
  put(made);
};
const image = (url) => `<img src="${url}">`;
/** Where a style can be seen, so that what it names is loaded. */
function host() {
  const made = element('div');
  made.style.width = made.style.height = '9px';
  return put(made);
}
let hosts = 0;
/** A rule for an element that is there. */
function rule(url) {
  const name = `host-${hosts++}`;
  host().id = name;
  return `#${name} { background-image: url("${url}") }`;
}

/** `own`: only URLs of the page's own origin can be tried. `script`: it runs a script, which some policies forbid. */
const HOOKS = {
  fetch: { run: (url) => void fetch(url).catch(() => {}) },
  'fetch of a URL object': { run: (url) => void fetch(new URL(url, document.baseURI)).catch(() => {}) },
  Request: { run: (url) => void fetch(new Request(url)).catch(() => {}) },
  XMLHttpRequest: {
    run: (url) => {
      const request = new XMLHttpRequest();
      request.open('GET', url);
      request.send();
    },
  },
  WebSocket: { run: (url) => new WebSocket(url), socket: true },
  EventSource: {
    run: (url) => {
      const source = new EventSource(url);
      source.onmessage = () => source.close();
    },
    stream: true,
  },
  sendBeacon: { run: (url) => navigator.sendBeacon(url), stream: true },
  Worker: { run: (url) => new Worker(trusted.url(url)), own: true },
  SharedWorker: { run: (url) => new SharedWorker(trusted.url(url)), own: true },
  'AudioWorklet.addModule': {
    run: (url) => void new AudioContext().audioWorklet.addModule(url).catch(() => {}),
    script: true,
  },
  'Image.src': {
    run: (url) => {
      new Image().src = url;
    },
  },
  'img.srcset': {
    run: (url) => {
      const made = put(element('img'));
      made.srcset = `${url} 1x, ${url} 2x`;
    },
  },
  'img setAttribute': { run: attribute('img', 'src') },
  'img setAttribute srcset': { run: (url) => attribute('img', 'SRCSET')(`${url} 1x`) },
  'svg image setAttributeNS': {
    run: (url) => {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'image');
      made.setAttributeNS('http://www.w3.org/1999/xlink', 'xlink:href', url);
      svg.append(made);
      put(svg);
    },
  },
  'input.src': {
    run: (url) => {
      const made = element('input');
      made.type = 'image';
      made.src = url;
      put(made);
    },
  },
  'video.poster': { run: loads('video', 'poster') },
  'audio.src': { run: loads('audio', 'src') },
  Audio: {
    run: (url) => {
      new Audio(url).preload = 'auto';
    },
  },
  'source.src': {
    run: (url) => {
      const made = element('audio');
      const source = element('source');
      source.src = url;
      made.append(source);
      put(made);
    },
  },
  'track.src': {
    run: (url) => {
      const made = element('video');
      const track = element('track');
      track.src = url;
      track.default = true;
      made.append(track);
      put(made);
      track.track.mode = 'showing';
    },
    own: true,
  },
  'embed.src': { run: (url) => loads('embed', 'src')(trusted.url(url)) },
  'object.data': { run: (url) => loads('object', 'data')(trusted.url(url)) },
  'iframe.src': { run: loads('iframe', 'src') },
  'iframe.srcdoc': {
    run: (url) => {
      const made = element('iframe');
      made.srcdoc = trusted.html(image(url));
      put(made);
    },
  },
  'script.src': {
    run: (url) => {
      const made = element('script');
      made.src = trusted.url(url);
      put(made);
    },
    script: true,
  },
  'link.href': {
    run: (url) => {
      const made = element('link');
      made.rel = 'stylesheet';
      made.href = url;
      put(made);
    },
  },
  'link preload': {
    run: (url) => {
      const made = element('link');
      made.rel = 'prefetch';
      made.setAttribute('href', url);
      put(made);
    },
  },
  innerHTML: {
    run: (url) => {
      put(element('div')).innerHTML = trusted.html(`<!-- ${url} --><p title='>'>${image(url)}</p>`);
    },
  },
  outerHTML: {
    run: (url) => {
      put(element('div')).outerHTML = trusted.html(image(url));
    },
  },
  'innerHTML of a style': {
    run: (url) => {
      host().innerHTML = trusted.html(`<b style="background-image: url('${url}')">x</b>`);
    },
  },
  insertAdjacentHTML: { run: (url) => put(element('div')).insertAdjacentHTML('beforeend', trusted.html(image(url))) },
  createContextualFragment: {
    run: (url) => {
      put(document.createRange().createContextualFragment(trusted.html(image(url))));
    },
  },
  setHTMLUnsafe: { run: (url) => put(element('div')).setHTMLUnsafe(trusted.html(image(url))) },
  parseHTMLUnsafe: {
    run: (url) => {
      put(document.adoptNode(Document.parseHTMLUnsafe(trusted.html(image(url))).images[0]));
    },
  },
  'innerHTML of a shadow root': {
    run: (url) => {
      put(element('div')).attachShadow({ mode: 'open' }).innerHTML = trusted.html(image(url));
    },
  },
  'document.write': {
    run: (url) => {
      const frame = put(element('iframe'));
      Document.prototype.write.call(frame.contentDocument, trusted.html(image(url)));
      frame.contentDocument.close();
    },
  },
  'style.backgroundImage': {
    run: (url) => {
      host().style.backgroundImage = `url(${url})`;
    },
  },
  'style[background-image]': {
    run: (url) => {
      host().style['background-image'] = `url('${url}')`;
    },
  },
  'style.cssText': {
    run: (url) => {
      host().style.cssText += `;background: url("${url}")`;
    },
  },
  'style.setProperty': { run: (url) => host().style.setProperty('list-style', `url("${url}") square`) },
  'style setAttribute': { run: (url) => host().setAttribute('style', `width:9px;height:9px;background:url("${url}")`) },
  'text of a style': {
    run: (url) => {
      const made = element('style');
      made.textContent = `@import "${url}";`;
      put(made);
    },
  },
  'text node of a style': {
    run: (url) => {
      const made = element('style');
      made.appendChild(document.createTextNode(`@import "${url}";`));
      put(made);
    },
  },
  insertRule: { run: (url) => put(element('style')).sheet.insertRule(rule(url)) },
  'CSSStyleSheet.replaceSync': {
    run: (url) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(rule(url));
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
  },
  FontFace: { run: (url) => void new FontFace('f', `url("${url}")`).load().catch(() => {}) },
  'SVGAnimatedString.baseVal': {
    run: (url) => {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'image');
      made.href.baseVal = url;
      svg.append(made);
      put(svg);
    },
  },
  'Cache.add': { run: (url) => void caches.open('c').then((cache) => cache.add(url).catch(() => {})) },
  'a.ping': {
    run: (url, name) => {
      const frame = put(element('iframe'));
      frame.name = `ping ${name}`;
      const link = put(element('a'));
      link.target = frame.name;
      link.href = 'linked';
      link.ping = url;
      link.click();
    },
    stream: true,
  },
  'form.submit': {
    run: (url, name) => {
      const frame = put(element('iframe'));
      frame.name = `form ${name}`;
      const form = put(element('form'));
      form.target = frame.name;
      form.method = 'post';
      form.action = url;
      form.submit();
    },
  },
  'a click': {
    run: (url, name) => {
      const frame = put(element('iframe'));
      frame.name = `a ${name}`;
      const link = put(element('a'));
      link.target = frame.name;
      link.href = url;
      link.click();
    },
  },
  'window.open': {
    run: (url, name) => {
      const frame = put(element('iframe'));
      frame.name = `open ${name}`;
      window.open(url, frame.name);
    },
  },
};

/** The eight shapes of a URL, put together here so that nothing has mapped them on the way. */
function shapes(settings) {
  const path = `x?hook=${encodeURIComponent(settings.hook)}`;
  const scheme = settings.isSocket ? 'ws:' : 'http:';
  const backend = ['127.0.0.1', settings.backendPort].join(':');
  const foreign = ['127.0.0.1', settings.foreignPort].join(':');
  return {
    rooted: `/${path}`,
    relative: path,
    backend: `${scheme}//${backend}/${path}`,
    'backend without scheme': `//${backend}/${path}`,
    'public, inside': `${scheme}//${location.host}/app/${path}`,
    'public, outside': `${scheme}//${location.host}/${path}`,
    foreign: `${scheme}//${foreign}/${path}`,
    data: 'data:text/css,x',
  };
}

// Not every browser tells its console.
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error(`${violatedDirective} forbids ${blockedURI}`),
);

/** The names of what can be tried. */
window.hooks = Object.keys(HOOKS);

/** Makes what sinks for markup and scripts ask for. */
window.useTrustedTypes = () => {
  const policy = trustedTypes.createPolicy('page', { createHTML: (text) => text, createScriptURL: (text) => text });
  trusted.html = (text) => policy.createHTML(text);
  trusted.url = (text) => policy.createScriptURL(text);
};

/** Tries one hook with every shape that makes sense for it; answers the shapes, and what was thrown. */
window.run = (hook, settings) => {
  const { run, own, script, socket, stream } = HOOKS[hook];
  const tried = [];
  const thrown = [];
  for (const [shape, url] of Object.entries(shapes({ ...settings, hook, isSocket: socket }))) {
    if (script && !settings.runsScripts) continue;
    if ((own || script) && (shape === 'foreign' || shape === 'data')) continue;
    if ((socket || stream) && shape === 'data') continue;
    try {
      run(url + (shape === 'data' ? '' : `&shape=${encodeURIComponent(shape)}`), `${hook} ${shape}`);
    } catch (error) {
      thrown.push(`${hook} ${shape}: ${error}`);
    }
    tried.push(shape);
  }
  return { tried, thrown };
};
