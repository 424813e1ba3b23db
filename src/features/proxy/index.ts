// The feature `proxy` and the settings that stand beside it: `host` and `timeouts`.
import type { Feature } from '../../exchange/feature.ts';
import type { CreateMountRewriter } from '../../rewrite/mount-rewriter.ts';
import { createProxy } from './handler.ts';
import {
  type HostPolicy,
  hostPolicy,
  type ProxyOptions,
  type ProxyTimeouts,
  proxyOptions,
  proxyTimeouts,
} from './options.ts';

/** `proxy: http://127.0.0.1:8081` or `{ to, upgrade, ... }`. URLs go through the rewriter that `createRewriter` makes. */
export function proxyWith(createRewriter: CreateMountRewriter): Feature<ProxyOptions> {
  return {
    name: 'proxy',
    role: 'serve',
    shorthand: 'to',
    options: proxyOptions,
    create: (options, context) => createProxy(options, context, createRewriter),
  };
}

/** `host: public | upstream`. */
export const host: Feature<HostPolicy> = { name: 'host', role: 'setting', appliesTo: ['proxy'], options: hostPolicy };

/** `timeouts: { connect, upstreamHead, upstreamBody, tunnel }`. */
export const timeouts: Feature<ProxyTimeouts> = {
  name: 'timeouts',
  role: 'setting',
  appliesTo: ['proxy'],
  options: proxyTimeouts,
};
