// Errors of the file system as ProxyErrors, or as "there is no such file".
import { ProxyError } from '../../exchange/errors.ts';

/** Names that lead nowhere, in the operating system's words: missing, a file where a folder was meant, too long, a loop. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENXIO', 'ENODEV']);
const DENIED = new Set(['EACCES', 'EPERM']);
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Undefined if `thrown` means that there is no such file, else the ProxyError to throw. `path` is for the log only. */
export function toFileError(thrown: unknown, path: string): ProxyError | undefined {
  const errno = errnoOf(thrown);
  if (errno !== undefined && ABSENT.has(errno)) return undefined;
  const code =
    errno === undefined
      ? 'file_unreadable'
      : DENIED.has(errno)
        ? 'request_denied'
        : exhaustedOr(errno, 'file_unreadable');
  return new ProxyError(code, `${path}: ${errno ?? String(thrown)}`, { cause: thrown, errno });
}

function exhaustedOr<T>(errno: string, otherwise: T): T | 'overloaded' {
  return EXHAUSTED.has(errno) ? 'overloaded' : otherwise;
}

function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
