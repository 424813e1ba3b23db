// The shim of one mount as a file: its text with the configuration in it, its name, and the answer that carries it.
import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { bytesBody } from '../../exchange/body.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import { HeaderList } from '../../http/header-list.ts';
import type { ShimConfig } from '../../shim/config.ts';
import { codingForClient } from './accept-encoding.ts';
import { SHIM_SOURCE } from './shim-source.ts';

/** Below the path of the mount; a folder that no application has. */
const FOLDER = '.portico/';
const NAME = /^shim-[0-9a-f]{16}\.js$/;

/** Immutable. Equal configurations have equal names, so that browsers and caches keep it for good. */
export class ShimScript {
  /** The public path of the file. */
  readonly path: string;
  /** Its text: latin1, which is also how it goes into worker scripts. */
  readonly text: string;
  /** A source for policies, and the value of `integrity`. */
  readonly integrity: string;
  readonly #folder: string;
  readonly #bodies = new Map<string, Buffer>();

  constructor(config: ShimConfig) {
    this.text = `(${SHIM_SOURCE})(${JSON.stringify(config)});`;
    const digest = createHash('sha256').update(this.text).digest();
    this.integrity = `sha256-${digest.toString('base64')}`;
    this.#folder = config.path + FOLDER;
    this.path = `${this.#folder}shim-${digest.toString('hex').slice(0, 16)}.js`;
  }

  /**
   * The answer to a request for the file at the public path `path`, undefined for any other. Pages of an earlier
   * configuration that somebody kept get the shim of today, which must then not be kept under the old name.
   */
  answer(exchange: Exchange, path: string): Reply | undefined {
    if (!path.startsWith(this.#folder) || !NAME.test(path.slice(this.#folder.length))) return undefined;
    const { method, headers: asked } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    const coding = codingForClient(asked);
    const bytes = this.#bodyIn(coding);
    const headers = HeaderList.from([
      ['Content-Type', 'text/javascript; charset=utf-8'],
      ['Content-Length', String(bytes.length)],
      ['Cache-Control', path === this.path ? 'public, max-age=31536000, immutable' : 'no-store'],
      ['Vary', 'Accept-Encoding'],
      ...(coding === undefined ? [] : [['Content-Encoding', coding] as const]),
      // A sandboxed page has an origin of its own.
      ['Access-Control-Allow-Origin', '*'],
      ['Cross-Origin-Resource-Policy', 'cross-origin'],
      ['X-Content-Type-Options', 'nosniff'],
    ]);
    return {
      head: { status: 200, reason: 'OK', headers },
      body: bytesBody(method === 'HEAD' ? Buffer.alloc(0) : bytes),
    };
  }

  /** Compressed once, as small as it gets. */
  #bodyIn(coding: string | undefined): Buffer {
    const known = this.#bodies.get(coding ?? '');
    if (known !== undefined) return known;
    const plain = Buffer.from(this.text, 'latin1');
    const bytes =
      coding === 'br' ? brotliCompressSync(plain) : coding === 'gzip' ? gzipSync(plain, { level: 9 }) : plain;
    this.#bodies.set(coding ?? '', bytes);
    return bytes;
  }
}
