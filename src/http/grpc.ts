// What HTTP has to know of gRPC: its media types, its status codes, and how a failure is told in it (gRPC over HTTP/2).

/** `application/grpc`, perhaps with a format (`+proto`); not gRPC-Web. */
const GRPC = /^application\/grpc(?=$|[+;\s])/i;
/** `application/grpc-web` and `application/grpc-web-text`, perhaps with a format. */
const GRPC_WEB = /^application\/grpc-web(-text)?(?=$|[+;\s])(\+[\w.+-]+)?/i;

/** Whether a Content-Type is that of a gRPC message. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && GRPC.test(contentType);
}

/** A gRPC-Web media type taken apart. */
export interface GrpcWebType {
  /** Whether the messages are in base64. */
  readonly isText: boolean;
  /** The format with its plus, such as `+proto`; empty for none. */
  readonly format: string;
}

/** Takes a Content-Type apart, or undefined if it is not one of gRPC-Web. */
export function parseGrpcWebType(contentType: string | undefined): GrpcWebType | undefined {
  const match = GRPC_WEB.exec(contentType ?? '');
  return match === null ? undefined : { isText: match[1] !== undefined, format: match[2] ?? '' };
}

/** The gRPC code that stands for an HTTP status: the table in "HTTP to gRPC Status Code Mapping" of the gRPC project. */
export function grpcStatusOf(httpStatus: number): number {
  return STATUS_CODES.get(httpStatus) ?? UNKNOWN;
}

const UNKNOWN = 2;
const UNAVAILABLE = 14;
const STATUS_CODES: ReadonlyMap<number, number> = new Map([
  [400, 13], // INTERNAL
  [401, 16], // UNAUTHENTICATED
  [403, 7], // PERMISSION_DENIED
  [404, 12], // UNIMPLEMENTED
  [429, UNAVAILABLE],
  [502, UNAVAILABLE],
  [503, UNAVAILABLE],
  [504, UNAVAILABLE],
]);

/** A text as the value of `grpc-message`: percent-encoded but for printable ASCII without the percent sign. */
export function printGrpcMessage(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/g, (run) =>
    [...Buffer.from(run)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
