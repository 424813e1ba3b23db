// Via (RFC 9110 §7.6.3): who passed the message on; here also how a request that came back is recognised.
import { randomBytes } from 'node:crypto';
import type { ReadonlyHeaderList } from '../header-list.ts';

/** Tells this process from others in Via, so that a loop is seen at once and a chain of proxies is none. */
const INSTANCE = randomBytes(6).toString('hex');
const PSEUDONYM = 'portico';
const OWN_MARK = `${PSEUDONYM} (${INSTANCE})`;

/** The Via value to send with a forwarded request: what it had, and this proxy. */
export function appendVia(headers: ReadonlyHeaderList, receivedVersion: '1.0' | '1.1' | '2.0'): string {
  const received = headers.getJoined('via');
  const own = `${receivedVersion} ${OWN_MARK}`;
  return received === undefined ? own : `${received}, ${own}`;
}

/** Whether the request has been through this process before (RFC 9110 §7.6: a proxy must not loop). */
export function hasOwnVia(headers: ReadonlyHeaderList): boolean {
  return headers.getJoined('via')?.includes(OWN_MARK) ?? false;
}
