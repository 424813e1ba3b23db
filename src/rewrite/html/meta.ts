// What the `content` of a meta element holds, told by its other attributes.

/** How a meta's `content` is read. */
export type MetaContent = 'refresh' | 'policy' | 'url' | 'uri-parameters' | 'referrer' | 'text';

/**
 * Names whose value is a URL for everybody who reads them: Open Graph, Twitter cards, tiles of Windows, schema.org and what
 * search engines and readers share. A root-relative value of any other meta is left alone.
 */
const URL_NAMES = new Set(
  (
    'og:url og:image og:image:url og:image:secure_url og:video og:video:url og:video:secure_url og:audio og:audio:url ' +
    'og:audio:secure_url og:see_also og:logo article:author article:publisher music:album music:song music:musician ' +
    'music:preview_url:url twitter:url twitter:image twitter:image:src twitter:image0 twitter:image1 twitter:image2 ' +
    'twitter:image3 twitter:player twitter:player:stream twitter:app:url:iphone twitter:app:url:ipad ' +
    'twitter:app:url:googleplay al:web:url msapplication-tileimage msapplication-config msapplication-starturl ' +
    'msapplication-square70x70logo msapplication-square150x150logo msapplication-square310x310logo ' +
    'msapplication-wide310x150logo application-url image thumbnail thumbnailurl url logo contenturl embedurl ' +
    'parsely-link parsely-image-url sailthru.image.full sailthru.image.thumb citation_pdf_url citation_public_url ' +
    'citation_fulltext_html_url citation_abstract_html_url'
  ).split(' '),
);

const URI_PARAMETERS = new Set(['msapplication-task', 'msapplication-notification', 'msapplication-badge']);

/** `name` is the first of `name`, `property` and `itemprop` that is there. In any case; empty if absent. */
export function readMetaContent(httpEquiv: string, name: string): MetaContent {
  const directive = httpEquiv.trim().toLowerCase();
  if (directive === 'refresh') return 'refresh';
  if (directive.startsWith('content-security-policy')) return 'policy';
  const known = name.trim().toLowerCase();
  if (URL_NAMES.has(known)) return 'url';
  if (known === 'referrer') return 'referrer';
  return URI_PARAMETERS.has(known) ? 'uri-parameters' : 'text';
}

/** Names of `param` elements whose value is a URL: those of the plug-ins that once read them. */
const URL_PARAMS = new Set('movie src url href data filename code codebase archive base'.split(' '));

/** Whether the `value` of a `param` of that name is a URL. */
export function isUrlParam(name: string): boolean {
  return URL_PARAMS.has(name.trim().toLowerCase());
}
