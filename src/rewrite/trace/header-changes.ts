// What became of the headers of an answer: which lines changed, where in their values, and by which rule.
import type { ReadonlyHeaderList } from '../../http/header-list.ts';

/** A stretch of a value that differs: `[start, end)` of the old value became `text`. */
export interface ValueChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One line that is not as it came. */
export interface HeaderChange {
  readonly name: string;
  /** Undefined for a line that was added. */
  readonly before: string | undefined;
  /** Undefined for a line that was taken away. */
  readonly after: string | undefined;
  /** Empty for a line that was added or taken away. */
  readonly changes: readonly ValueChange[];
  readonly rule: string;
}

const URL_RULE = 'a URL that clients follow';
const ORIGIN_RULE = 'origins that clients compare with their own';
const BODY_RULE = 'describes the bytes of the body, which are others now';
const SITE_RULE = 'speaks for the whole origin, which is not this mount’s';
const HOP_RULE = 'belongs to the connection to the backend';

/** By lower-case name: why the line changes. */
const RULES: Readonly<Record<string, string>> = {
  'set-cookie': 'cookies: Path follows the mount, the Domain of the backend goes, names that clash are marked',
  'content-security-policy': 'policy: sources and report addresses',
  'content-security-policy-report-only': 'policy: sources and report addresses',
  'permissions-policy': ORIGIN_RULE,
  'x-frame-options': ORIGIN_RULE,
  'access-control-allow-origin': ORIGIN_RULE,
  'timing-allow-origin': ORIGIN_RULE,
  'www-authenticate': 'challenge: addresses that clients ask for credentials',
  'referrer-policy': 'requests that miss the mount are told by their Referer',
  'alt-svc': 'what the backend offers instead of itself is no alternative to us',
  'strict-transport-security': SITE_RULE,
  'clear-site-data': SITE_RULE,
  'service-worker-allowed': 'the scope of a service worker stays in the mount',
  nel: SITE_RULE,
  etag: 'names the configuration of the rewriter too',
  'last-modified': 'a date cannot say how the body was rewritten: it becomes a tag',
  vary: 'request headers that decided about the body',
  'content-encoding': 'the content coding is ours',
  'content-type': 'the charset of the rewritten body',
  connection: HOP_RULE,
  'keep-alive': HOP_RULE,
  'transfer-encoding': HOP_RULE,
  'proxy-connection': HOP_RULE,
  upgrade: HOP_RULE,
};
const URL_NAMES = new Set(
  (
    'location content-location sourcemap x-sourcemap refresh link reporting-endpoints report-to speculation-rules ' +
    'hx-location hx-redirect hx-push-url hx-replace-url x-inertia-location turbolinks-location turbo-location ' +
    'x-xhr-redirected-to x-pjax-url x-pingback odata-entityid'
  ).split(' '),
);
const BODY_NAMES = new Set(
  (
    'content-length content-md5 digest content-digest repr-digest unencoded-digest accept-ranges signature ' +
    'signature-input'
  ).split(' '),
);

/** Why a line of that name (lower case) changes. */
export function nameHeaderRule(name: string): string {
  if (URL_NAMES.has(name)) return URL_RULE;
  return RULES[name] ?? (BODY_NAMES.has(name) ? BODY_RULE : 'a feature of the mount');
}

/** The lines that differ between the head of the backend and the one for the client, in the order of the first. */
export function compareHeaders(received: ReadonlyHeaderList, sent: ReadonlyHeaderList): HeaderChange[] {
  const names = new Set([...received, ...sent].map(([name]) => name.toLowerCase()));
  return [...names].flatMap((name) => compareLines(name, received.getAll(name), sent.getAll(name)));
}

function compareLines(name: string, before: readonly string[], after: readonly string[]): HeaderChange[] {
  const rule = nameHeaderRule(name);
  const line = (old: string | undefined, now: string | undefined): HeaderChange[] => {
    if (old === now) return [];
    const changes = old === undefined || now === undefined ? [] : compareValues(old, now);
    return [{ name, before: old, after: now, changes, rule }];
  };
  // Lines that were taken away shift the others: equal ones are paired first.
  const gone = before.filter((value) => !after.includes(value));
  const come = after.filter((value) => !before.includes(value));
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, index) =>
    line(gone[index], come[index]),
  ).flat();
}

/** Longer values are shown as one change. */
const MANY_WORDS = 1000;

/** The stretches of a value that differ, word by word: the longest common run of words stays. */
export function compareValues(before: string, after: string): ValueChange[] {
  const old = words(before);
  const now = words(after);
  if (old.length > MANY_WORDS || now.length > MANY_WORDS) return [{ start: 0, end: before.length, text: after }];
  const common = longestCommon(old, now);
  const changes: ValueChange[] = [];
  let [at, inOld, inNow] = [0, 0, 0];
  for (const [oldIndex, nowIndex] of [...common, [old.length, now.length] as const]) {
    const taken = old.slice(inOld, oldIndex).join('');
    const put = now.slice(inNow, nowIndex).join('');
    if (taken !== put) changes.push({ start: at, end: at + taken.length, text: put });
    at += taken.length + (old[oldIndex]?.length ?? 0);
    inOld = oldIndex + 1;
    inNow = nowIndex + 1;
  }
  return changes;
}

function words(value: string): string[] {
  return value.match(/[^\s,;"'<>=()]+|[\s,;"'<>=()]/g) ?? [];
}

/** Pairs of indexes of equal words, ascending in both. */
function longestCommon(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const width = b.length + 1;
  const best = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i * width + j] =
        a[i] === b[j]
          ? (best[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0);
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((best[(i + 1) * width + j] ?? 0) >= (best[i * width + j + 1] ?? 0)) i++;
    else j++;
  }
  return pairs;
}
