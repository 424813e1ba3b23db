// The vocabulary of gRPC: media types and messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcStatusOf, isGrpc, parseGrpcWebType, printGrpcMessage } from './grpc.ts';

test('isGrpc: the media type with any format, and no other', () => {
  for (const text of ['application/grpc', 'application/grpc+proto', 'Application/GRPC; a=b', 'application/grpc+json;x'])
    assert.ok(isGrpc(text), text);
  for (const text of [undefined, '', 'application/grpc-web', 'application/grpcx', 'text/html; application/grpc'])
    assert.ok(!isGrpc(text), text);
});

test('parseGrpcWebType: kind and format', () => {
  assert.deepEqual(parseGrpcWebType('application/grpc-web'), { isText: false, format: '' });
  assert.deepEqual(parseGrpcWebType('application/grpc-web+proto'), { isText: false, format: '+proto' });
  assert.deepEqual(parseGrpcWebType('application/grpc-web-text+thrift; x=y'), { isText: true, format: '+thrift' });
  for (const text of [undefined, 'application/grpc', 'application/grpc-webs', 'application/grpc-web-text2'])
    assert.equal(parseGrpcWebType(text), undefined, text);
});

test('grpcStatusOf: the table, and UNKNOWN for everything else', () => {
  assert.deepEqual(
    [200, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504].map(grpcStatusOf),
    [2, 13, 16, 7, 12, 2, 14, 2, 14, 14, 14],
  );
});

test('printGrpcMessage: what is not printable ASCII is percent-encoded as UTF-8', () => {
  assert.equal(printGrpcMessage('plain ~ text'), 'plain ~ text');
  assert.equal(printGrpcMessage('100% grün\r\n'), '100%25 gr%C3%BCn%0D%0A');
});
