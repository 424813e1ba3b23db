// dns-01 (RFC 8555 §8.4) by a command of the operator, which knows how to write a TXT record where the zone is.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Clock } from '../util/clock.ts';
import { AcmeError, quoteWords } from './acme-error.ts';
import type { ChallengeSolver } from './challenges.ts';
import { sleep } from './order.ts';

/** The command and how long it and the world's name servers may take. */
export interface DnsHook {
  /** Program and arguments; `present` or `cleanup`, the record's name and its value are appended. No shell is involved. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** Between the end of the command and the word to the CA: until every name server of the zone has the record. */
  readonly waitMs: number;
}

const OUTPUT_LIMIT_BYTES = 64 * 1024;

/** The solver that runs the hook. `log` hears of a `cleanup` that fails, which stops nothing. */
export function createDnsSolver(hook: DnsHook, clock: Clock, log: FeatureLog): ChallengeSolver {
  return {
    type: 'dns-01',
    async present(name, _token, keyAuthorization) {
      const record = `_acme-challenge.${name.replace(/^\*\./, '')}`;
      const value = createHash('sha256').update(keyAuthorization).digest('base64url');
      await runHook(hook, 'present', record, value);
      if (hook.waitMs > 0) await sleep(clock, hook.waitMs);
      return () =>
        runHook(hook, 'cleanup', record, value).catch((error: unknown) =>
          log.warn({ record, error: String(error) }, 'the DNS hook did not remove a record'),
        );
    },
  };
}

function runHook(hook: DnsHook, action: 'present' | 'cleanup', record: string, value: string): Promise<void> {
  const [program = '', ...args] = hook.command;
  const options = { timeout: hook.timeoutMs, maxBuffer: OUTPUT_LIMIT_BYTES, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile(program, [...args, action, record, value], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve();
        return;
      }
      const said = quoteWords(stderr || stdout);
      const how = error.killed ? `was killed after ${hook.timeoutMs / 1000} seconds` : `failed (${error.code})`;
      const words = said === '' ? '' : `: ${said}`;
      reject(new AcmeError('local', `the DNS hook ${program} ${action} ${how}${words}`, { cause: error }));
    }).stdin?.end();
  });
}
