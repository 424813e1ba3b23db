// The PROXY protocol, versions 1 and 2: a proxy in front says, before anything else, who its client is. Pure.
import { isIP } from 'node:net';
import { parseIp, printIp } from '../util/cidr.ts';

/** Both ends of the client's connection to the proxy in front. IPv4 inside IPv6 is written as IPv4. */
export interface ProxiedEnds {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** A header that was read. */
export interface ProxyHeader {
  /** Undefined where the proxy speaks for itself or does not know (LOCAL, UNKNOWN): the connection's own ends count. */
  readonly ends: ProxiedEnds | undefined;
  /** How many bytes it takes. */
  readonly size: number;
}

/** A header; `malformed` for anything else; undefined while it is not whole. */
export type ReadProxyHeader = ProxyHeader | 'malformed' | undefined;

/** The longest header: version 2 counts what lies behind its first 16 bytes in two bytes; more than this is refused. */
export const PROXY_HEADER_LIMIT_BYTES = 16 + 4096;

/** "The receiver may apply a short timeout": the longest line of version 1, its end included (§2.1). */
const LINE_LIMIT_BYTES = 107;
const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1');
const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const HEAD_2_BYTES = 16;

/** Reads a header at the beginning of `bytes`. */
export function readProxyHeader(bytes: Buffer): ReadProxyHeader {
  if (bytes.length === 0) return undefined;
  if (startsAlike(bytes, SIGNATURE_2)) return readVersion2(bytes);
  return startsAlike(bytes, SIGNATURE_1) ? readVersion1(bytes) : 'malformed';
}

/** Whether `bytes` begin with `signature`, as far as they are here. */
function startsAlike(bytes: Buffer, signature: Buffer): boolean {
  const size = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, size, 0, size) === 0;
}

/** §2.1: one line, `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`. */
function readVersion1(bytes: Buffer): ReadProxyHeader {
  const end = bytes.subarray(0, LINE_LIMIT_BYTES).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return bytes.length < LINE_LIMIT_BYTES ? undefined : 'malformed';
  const size = end + 2;
  const line = bytes.toString('latin1', 0, end);
  // "the receiver must ignore anything presented before the CRLF is found" behind UNKNOWN.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { ends: undefined, size };
  const [, family, address = '', localAddress = '', portText, localPortText] = LINE_1.exec(line) ?? [];
  const version = family === 'TCP4' ? 4 : 6;
  if (family === undefined || isIP(address) !== version || isIP(localAddress) !== version) return 'malformed';
  const [port, localPort] = [Number(portText), Number(localPortText)];
  if (port > 65_535 || localPort > 65_535) return 'malformed';
  return { ends: { address: canonical(address), port, localAddress: canonical(localAddress), localPort }, size };
}

const LINE_1 = /^PROXY (TCP4|TCP6) ([0-9.A-Fa-f:]+) ([0-9.A-Fa-f:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;

/** §2.2: signature, version and command, family and transport, length, addresses, then extensions, which are skipped. */
function readVersion2(bytes: Buffer): ReadProxyHeader {
  if (bytes.length < HEAD_2_BYTES) return undefined;
  const versionAndCommand = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const size = HEAD_2_BYTES + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || size > PROXY_HEADER_LIMIT_BYTES) return 'malformed';
  const command = versionAndCommand & 0xf;
  if (command > 1) return 'malformed';
  if (bytes.length < size) return undefined;
  // LOCAL: "the receiver must accept this connection as valid and must use the real connection endpoints".
  if (command === 0) return { ends: undefined, size };
  if (family === FAMILY_TCP4) return readEnds(bytes, 4, size);
  if (family === FAMILY_TCP6) return readEnds(bytes, 16, size);
  // Other families and transports name nobody: HTTP came over a stream of whatever kind.
  return { ends: undefined, size };
}

const FAMILY_TCP4 = 0x11;
const FAMILY_TCP6 = 0x21;

function readEnds(bytes: Buffer, width: 4 | 16, size: number): ReadProxyHeader {
  if (size < HEAD_2_BYTES + 2 * width + 4) return 'malformed';
  const ports = HEAD_2_BYTES + 2 * width;
  const ends = {
    address: canonical(printIp(bytes.subarray(HEAD_2_BYTES, HEAD_2_BYTES + width))),
    port: bytes.readUInt16BE(ports),
    localAddress: canonical(printIp(bytes.subarray(HEAD_2_BYTES + width, ports))),
    localPort: bytes.readUInt16BE(ports + 2),
  };
  return { ends, size };
}

/** A version 1 header. Without `ends`, or with ends of two kinds, it says UNKNOWN. */
export function printProxyHeader1(ends: ProxiedEnds | undefined): Buffer {
  const version = ends === undefined ? 0 : isIP(ends.address);
  if (ends === undefined || version === 0 || isIP(ends.localAddress) !== version)
    return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { address, localAddress, port, localPort } = ends;
  return Buffer.from(`PROXY TCP${version} ${address} ${localAddress} ${port} ${localPort}\r\n`, 'latin1');
}

/** A version 2 header. Without `ends`, or with ends of two kinds, it says LOCAL. */
export function printProxyHeader2(ends: ProxiedEnds | undefined): Buffer {
  const address = ends && octetsOf(ends.address);
  const localAddress = ends && octetsOf(ends.localAddress);
  if (ends === undefined || address === undefined || address.length !== localAddress?.length)
    return Buffer.concat([SIGNATURE_2, Buffer.from([0x20, 0, 0, 0])]);
  const family = address.length === 4 ? FAMILY_TCP4 : FAMILY_TCP6;
  const rest = Buffer.alloc(2 * address.length + 4);
  rest.set(address, 0);
  rest.set(localAddress, address.length);
  rest.writeUInt16BE(ends.port, 2 * address.length);
  rest.writeUInt16BE(ends.localPort, 2 * address.length + 2);
  return Buffer.concat([SIGNATURE_2, Buffer.from([0x21, family, 0, rest.length]), rest]);
}

function canonical(address: string): string {
  const octets = octetsOf(address);
  return octets === undefined ? address : printIp(octets);
}

function octetsOf(address: string): Readonly<Uint8Array> | undefined {
  return isIP(address) === 0 ? undefined : parseIp(address);
}
