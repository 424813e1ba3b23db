// Options of gRPC-Web: whether it is translated.
import { z } from 'zod';

/** `grpcWeb: true` beside `proxy`. */
export const grpcWebOptions = z
  .boolean({ error: 'expected true or false' })
  .describe(
    'Translates gRPC-Web, which browsers speak, to gRPC and back: application/grpc-web and application/grpc-web-text, trailers as a frame behind the messages. The endpoint must speak HTTP/2. Pages of other origins need CORS headers besides.',
  );

export type GrpcWebOptions = z.output<typeof grpcWebOptions>;
