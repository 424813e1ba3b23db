// Entity tags: their grammar, lists of them, and the two ways to compare (RFC 9110 §8.8.3).

/** RFC 9110 §8.8.3: `[ "W/" ] DQUOTE *etagc DQUOTE`; there are no escapes, a backslash is an ordinary character. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
/** One element of a list of tags, which may be empty (RFC 9110 §5.6.1.2), with the comma that ends it or the end. */
const LIST_ELEMENT = /[ \t]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?[ \t]*(?:,|$)/y;

/** Whether `text` is one entity tag, weak or strong, quotes included. */
export function isEntityTag(text: string): boolean {
  return ENTITY_TAG.test(text);
}

/** Whether an entity tag is a weak one. */
export function isWeakTag(tag: string): boolean {
  return tag.startsWith('W/');
}

/**
 * Parses `*` or a comma list of entity tags, as If-Match and If-None-Match carry it.
 * Returns undefined where the value follows neither form, and for a list without any tag.
 */
export function parseEntityTags(value: string): '*' | readonly string[] | undefined {
  if (value.trim() === '*') return '*';
  const tags: string[] = [];
  LIST_ELEMENT.lastIndex = 0;
  while (LIST_ELEMENT.lastIndex < value.length) {
    const match = LIST_ELEMENT.exec(value);
    if (match === null) return undefined;
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags.length === 0 ? undefined : tags;
}

/** RFC 9110 §8.8.3.2, strong comparison: the same octets, and neither is weak. */
export function matchesStrongly(a: string, b: string): boolean {
  return a === b && !isWeakTag(a);
}

/** RFC 9110 §8.8.3.2, weak comparison: the same opaque tag, weak or not. */
export function matchesWeakly(a: string, b: string): boolean {
  return opaqueTag(a) === opaqueTag(b);
}

function opaqueTag(tag: string): string {
  return isWeakTag(tag) ? tag.slice(2) : tag;
}
