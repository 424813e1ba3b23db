// The feature `grpcWeb`: gRPC for browsers.
import type { Feature } from '../../exchange/feature.ts';
import { createGrpcWeb } from './handler.ts';
import { type GrpcWebOptions, grpcWebOptions } from './options.ts';

/** `grpcWeb: true`. */
export const grpcWeb: Feature<GrpcWebOptions> = {
  name: 'grpcWeb',
  role: 'wrap',
  appliesTo: ['proxy'],
  isShared: true,
  options: grpcWebOptions,
  create: createGrpcWeb,
};
