// Keeps secrets out of what is printed: passwords in URLs, and values whose keys say that they are secret.
import { HIDDEN } from './check-options.ts';

const SECRET_KEY = /(?:password|passphrase|passwd|secret|token|credentials?|api[-_]?key|private[-_]?key)$/i;

/** A copy of `value` fit for logs and consoles: see {@link redactText}; values below keys such as `password` hidden. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'function') return '(function)';
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET_KEY.test(key) && isLeaf(inner) ? HIDDEN : redact(inner)]),
  );
}

/** `text` with the password of a URL in it replaced; the user name stays. */
export function redactText(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*:)[^\s/@?#]+@/gi, `$1${HIDDEN}@`);
}

function isLeaf(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
