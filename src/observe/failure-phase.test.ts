// Failure phases: by code, and by how far the timeline came.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testExchange } from '../../test/kit/exchange.ts';
import { ERRORS, type ErrorCode, ProxyError } from '../exchange/errors.ts';
import type { Timeline } from '../exchange/timeline.ts';
import { type FailurePhase, failurePhase } from './failure-phase.ts';

type Reached = Partial<Timeline> | 'no upstream';

const CASES: readonly (readonly [code: ErrorCode, reached: Reached, phase: FailurePhase])[] = [
  ['connection_refused', {}, 'connect'],
  // The last attempt cannot connect; the instants are those of the one before.
  ['connection_timeout', { upstreamReady: 2, upstreamSent: 2 }, 'connect'],
  ['no_endpoint', {}, 'connect'],
  ['tls_certificate_invalid', {}, 'connect'],
  ['upstream_timeout', { upstreamReady: 2 }, 'wait'],
  ['upstream_closed', { upstreamReady: 2 }, 'wait'],
  ['response_malformed', { upstreamReady: 2 }, 'wait'],
  ['response_truncated', { upstreamReady: 2, upstreamHead: 3 }, 'response'],
  ['upstream_read_timeout', { upstreamReady: 2, upstreamHead: 3, responseHead: 4 }, 'response'],
  ['response_write_timeout', { responseHead: 4 }, 'response'],
  ['client_gone', 'no upstream', 'request'],
  ['client_gone', {}, 'connect'],
  ['client_gone', { upstreamReady: 2 }, 'wait'],
  ['client_gone', { upstreamReady: 2, upstreamHead: 3, responseHead: 4 }, 'response'],
  ['request_body_timeout', { upstreamReady: 2, upstreamHead: 3, responseHead: 4 }, 'request'],
  ['site_unknown', 'no upstream', 'request'],
  ['internal_error', 'no upstream', 'request'],
  ['internal_error', { upstreamReady: 2, upstreamHead: 3 }, 'response'],
  ['overloaded', 'no upstream', 'request'],
];

test('the phase of a failure', () => {
  for (const [code, reached, phase] of CASES) {
    const exchange = testExchange();
    exchange.error = new ProxyError(code);
    if (reached !== 'no upstream') {
      exchange.upstream = { upstream: 'u', endpoint: 'e', attempts: 1, wasReused: false, status: 0 };
      Object.assign(exchange.timeline, reached);
    }
    assert.equal(failurePhase(exchange), phase, `${code} ${JSON.stringify(reached)}`);
  }
});

test('every code has a phase, and no failure has none', () => {
  assert.equal(failurePhase(testExchange()), undefined);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const exchange = testExchange();
    exchange.error = new ProxyError(code);
    assert.ok(failurePhase(exchange) !== undefined);
  }
});
