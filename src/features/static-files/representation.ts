// One version of one file as HTTP sees it: validators and the two heads that are the same for everybody who asks.
import type { ResponseHead } from '../../exchange/head.ts';
import type { Validators } from '../../http/conditional.ts';
import { printHttpDate } from '../../http/date.ts';
import { HeaderList } from '../../http/header-list.ts';
import { reasonPhrase } from '../../http/status.ts';
import { type FileFacts, modifiedMs } from './file-facts.ts';

/** What a file is sent as, besides what its facts say. */
export interface FileLook {
  /** The whole Content-Type value. */
  readonly contentType: string;
  /** The content coding of the bytes in the file; `identity` for none. */
  readonly coding: string;
  /** The header names that the choice of this file depended on, as Vary says it; empty for none. */
  readonly vary: string;
  readonly cacheControl: string | undefined;
}

/** One version of one file. Immutable, and shared by everybody who is sent it. */
export interface Representation {
  readonly facts: FileFacts;
  readonly look: FileLook;
  readonly validators: Validators;
  /** The head of an answer with the whole of it. */
  readonly whole: ResponseHead;
  /** RFC 9110 §15.4.5: the head that says that the client has it already. */
  readonly notModified: ResponseHead;
}

/**
 * Describes the version of a file that `facts` tell of. `isSettled` is false if it may be changed again without the
 * facts showing it; `epochMs` is the time of the answer.
 */
export function describeFile(facts: FileFacts, look: FileLook, isSettled: boolean, epochMs: number): Representation {
  const etag = isSettled ? printTag(facts, look.coding) : `W/${printTag(facts, look.coding)}`;
  const lastModifiedMs = modifiedMs(facts);
  // RFC 9110 §8.8.2.1: a Last-Modified later than the Date must not be sent. The tag does its work.
  const isInPast = lastModifiedMs <= epochMs;
  const shared = new HeaderList();
  if (look.cacheControl !== undefined) shared.append('Cache-Control', look.cacheControl);
  shared.append('ETag', etag);
  if (look.vary !== '') shared.append('Vary', look.vary);

  const headers = HeaderList.from([
    ['Content-Type', look.contentType],
    ['Content-Length', String(facts.size)],
  ]);
  if (look.coding !== 'identity') headers.append('Content-Encoding', look.coding);
  if (isInPast) headers.append('Last-Modified', printHttpDate(lastModifiedMs));
  headers.append('Accept-Ranges', 'bytes');
  for (const [name, value] of shared) headers.append(name, value);

  return {
    facts,
    look,
    validators: { etag, lastModifiedMs: isInPast ? lastModifiedMs : undefined },
    whole: { status: 200, reason: reasonPhrase(200), headers },
    notModified: { status: 304, reason: reasonPhrase(304), headers: shared },
  };
}

/** Whether two files of the same version are sent with the same heads. */
export function isSameLook(a: FileLook, b: FileLook): boolean {
  return (
    a.vary === b.vary && a.coding === b.coding && a.contentType === b.contentType && a.cacheControl === b.cacheControl
  );
}

/**
 * From size and time, so that machines with copies of the same files agree (an inode would not).
 * RFC 9110 §8.8.3.3: another content coding needs another tag.
 */
function printTag(facts: FileFacts, coding: string): string {
  const suffix = coding === 'identity' ? '' : `-${coding}`;
  return `"${facts.size.toString(16)}-${facts.modifiedNs.toString(16)}${suffix}"`;
}
