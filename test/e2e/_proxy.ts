// What the end-to-end tests share: a real Portico in front of one upstream, and its process seen from outside.
import { readdirSync, readFileSync } from 'node:fs';
import type { Owner } from '../kit/at-end.ts';
import { type Portico, startPortico } from '../kit/portico.ts';

/** Starts `portico run` with one site `*` that proxies to `to`; `root` and `mount` add keys to the document. */
export function startProxy(
  owner: Owner,
  to: string,
  more: { readonly root?: object; readonly mount?: object } = {},
): Promise<Portico> {
  const config = { listen: '127.0.0.1:0', sites: { '*': { proxy: to, ...more.mount } }, ...more.root };
  return startPortico(owner, { config });
}

/** Starts `portico run` with the application at `to` below `/app/`. */
export function startBelowApp(owner: Owner, to: string, mount: object = {}, root: object = {}): Promise<Portico> {
  const config = { listen: '127.0.0.1:0', sites: { '*': { '/app/': { proxy: to, ...mount } } }, ...root };
  return startPortico(owner, { config });
}

/** What the process holds of the system: open descriptors and resident memory. */
export function readUsage(pid: number): { readonly descriptors: number; readonly residentBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const residentKiB = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, residentBytes: residentKiB * 1024 };
}
