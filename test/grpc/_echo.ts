// A server and a client of gRPC as their users write them, with the service of echo.proto between them.
import { join } from 'node:path';
import type * as grpc from '@grpc/grpc-js';
import {
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { atEnd, type Owner } from '../kit/at-end.ts';
import type { TestCertificate } from '../kit/certificates.ts';
import { projectRoot } from '../kit/project-root.ts';

/** The message of echo.proto. */
export interface Message {
  readonly payload: Buffer;
  readonly count: number;
}
export type Sent = Partial<Message>;
type Callback = (error: ServiceError | null, value?: Message) => void;

/** The client of the service. */
export interface EchoClient extends Client {
  one(message: Sent, metadata: grpc.Metadata, options: grpc.CallOptions, done: Callback): ClientUnaryCall;
  up(metadata: grpc.Metadata, options: grpc.CallOptions, done: Callback): ClientWritableStream<Sent>;
  down(message: Sent, metadata?: grpc.Metadata, options?: grpc.CallOptions): ClientReadableStream<Message>;
  both(metadata?: grpc.Metadata, options?: grpc.CallOptions): ClientDuplexStream<Sent, Message>;
}

/** Methods of the server; those that are left out answer UNIMPLEMENTED. */
export interface EchoMethods {
  readonly one?: grpc.handleUnaryCall<Message, Sent>;
  readonly up?: grpc.handleClientStreamingCall<Message, Sent>;
  readonly down?: grpc.handleServerStreamingCall<Message, Sent>;
  readonly both?: grpc.handleBidiStreamingCall<Message, Sent>;
}

const LIMITS: ChannelOptions = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

const definition = loadPackageDefinition(loadSync(join(projectRoot, 'test', 'grpc', 'echo.proto')));
const Echo = (definition['test'] as grpc.GrpcObject)['Echo'] as ServiceClientConstructor;

/** A server that runs. */
export interface EchoServer {
  readonly port: number;
  stop(): void;
}

/** Starts a server on a loopback port: TLS with a certificate, or HTTP/2 in cleartext. */
export async function startEcho(
  owner: Owner,
  methods: EchoMethods,
  certificate?: TestCertificate,
): Promise<EchoServer> {
  const server = new Server(LIMITS);
  server.addService(Echo.service, methods as UntypedServiceImplementation);
  const secured =
    certificate === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) },
        ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', secured, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  atEnd(owner, () => server.forceShutdown());
  return { port, stop: () => server.forceShutdown() };
}

/** A client of what listens on `port`: over TLS if it knows an authority. */
export function connectEcho(owner: Owner, port: number, authority?: string): EchoClient {
  const secured =
    authority === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority));
  const options = authority === undefined ? LIMITS : { ...LIMITS, 'grpc.ssl_target_name_override': 'localhost' };
  const client = new Echo(`127.0.0.1:${port}`, secured, options) as unknown as EchoClient; // made of the same definition
  atEnd(owner, () => client.close());
  return client;
}

/** The end of a call: its status, and the messages until then. */
export interface CallEnd {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly Message[];
  readonly head: grpc.Metadata | undefined;
  readonly trailers: grpc.Metadata;
}

/** Reads a stream of answers to its end. */
export function readCall(call: ClientReadableStream<Message> | ClientDuplexStream<Sent, Message>): Promise<CallEnd> {
  return new Promise((resolve) => {
    const messages: Message[] = [];
    let head: grpc.Metadata | undefined;
    call.on('metadata', (metadata: grpc.Metadata) => {
      head = metadata;
    });
    call.on('data', (message: Message) => messages.push(message));
    call.on('error', () => {});
    call.on('status', ({ code, details, metadata }: grpc.StatusObject) =>
      resolve({ code, details, messages, head, trailers: metadata }),
    );
  });
}
