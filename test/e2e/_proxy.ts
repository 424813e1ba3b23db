// What the end-to-end tests share: a real Portico in front of one upstream, and its process seen from outside.
import { readdirSync, readFileSync } from 'node:fs';
import type { Owner } from '../kit/at-end.ts';
import { type Portico, type PorticoOptions, startPortico } from '../kit/portico.ts';

/** Starts `portico run` with one site `*` that proxies to `to`; `root` and `mount` add keys to the document. */
export function startProxy(
  owner: Owner,
  to: string,
  more: { readonly root?: object; readonly mount?: object; readonly process?: Omit<PorticoOptions, 'config'> } = {},
): Promise<Portico> {
  const config = { listen: '127.0.0.1:0', sites: { '*': { proxy: to, ...more.mount } }, ...more.root };
  return startPortico(owner, { ...more.process, config });
}

/** Starts `portico run` with the application at `to` below `/app/`. */
export function startBelowApp(owner: Owner, to: string, mount: object = {}, root: object = {}): Promise<Portico> {
  const config = { listen: '127.0.0.1:0', sites: { '*': { '/app/': { proxy: to, ...mount } } }, ...root };
  return startPortico(owner, { config });
}

/** The descriptors that a process has open. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** The most memory that a process ever had resident, in bytes. */
export function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
