// What a client is sent of a backend's answer: its head without the headers of the backend's connection.
import type { ResponseHead } from '../../exchange/head.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../http/header-list.ts';
import { copyEndToEnd } from '../../http/hop-by-hop.ts';

const FINISHED_KEY = {};

/**
 * The head to pass on for a received one. The same received head gives the same finished head, so that what is derived
 * from it is kept too.
 */
export function finishHead(head: ResponseHead): ResponseHead {
  return head.headers.derive(FINISHED_KEY, () => ({
    status: head.status,
    reason: head.reason,
    headers: finishHeaders(head.headers),
  }));
}

/** The head of a 101: Upgrade belongs to the switch and stays. */
export function finishSwitchHead(head: ResponseHead): ResponseHead {
  const upgrade = head.headers.get('upgrade');
  const headers = finishHeaders(head.headers);
  if (upgrade !== undefined) headers.append('Upgrade', upgrade);
  return { status: head.status, reason: head.reason, headers };
}

function finishHeaders(received: ReadonlyHeaderList): HeaderList {
  return copyEndToEnd(received, new HeaderList());
}
