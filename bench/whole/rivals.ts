// The list of rivals, in the order of the table. Adding one is one import and one line.
import type { Rival } from './rival.ts';
import { apache } from './rivals/apache.ts';
import { caddy } from './rivals/caddy.ts';
import { fastifyHttpProxy } from './rivals/fastify-http-proxy.ts';
import { haproxy, tcpFloor } from './rivals/haproxy.ts';
import { httpProxy3 } from './rivals/http-proxy-3.ts';
import { lighttpd } from './rivals/lighttpd.ts';
import { nginx } from './rivals/nginx.ts';
import { portico } from './rivals/portico.ts';

/** The rival that the others are compared with. */
export const YARDSTICK = 'nginx';

export const rivals: readonly Rival[] = [
  nginx,
  portico,
  haproxy,
  tcpFloor,
  lighttpd,
  apache,
  caddy,
  httpProxy3,
  fastifyHttpProxy,
];
