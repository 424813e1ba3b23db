// dns-01 (RFC 8555 §8.4) by a command of the operator, which knows how to write a TXT record where the zone is.
import { type ExecFileException, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Cancel, Clock } from '../util/clock.ts';
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
const execute = promisify(execFile);

/** The solver that runs the hook. `log` hears of a `cleanup` that fails, which stops nothing. */
export function createDnsSolver(hook: DnsHook, clock: Clock, log: FeatureLog): ChallengeSolver {
  return {
    type: 'dns-01',
    async present(name, _token, keyAuthorization) {
      const record = `_acme-challenge.${name.replace(/^\*\./, '')}`;
      const value = createHash('sha256').update(keyAuthorization).digest('base64url');
      await runHook(hook, 'present', record, value, clock);
      if (hook.waitMs > 0) await sleep(clock, hook.waitMs);
      return () =>
        runHook(hook, 'cleanup', record, value, clock).catch((error: unknown) =>
          log.warn({ record, error: String(error) }, 'the DNS hook did not remove a record'),
        );
    },
  };
}

async function runHook(
  { command, timeoutMs }: DnsHook,
  action: 'present' | 'cleanup',
  record: string,
  value: string,
  clock: Clock,
): Promise<void> {
  const [program = '', ...args] = command;
  let isLate = false;
  let cancel: Cancel = () => {};
  try {
    const running = execute(program, [...args, action, record, value], { maxBuffer: OUTPUT_LIMIT_BYTES });
    cancel = clock.after(timeoutMs, () => {
      isLate = true;
      running.child.kill('SIGKILL');
    });
    running.child.stdin?.end();
    await running;
  } catch (cause) {
    // What promisify(execFile) rejects with: an Error with the output.
    const { stderr = '', stdout = '', code, message } = cause as ExecFileException;
    const how = isLate ? `was killed after ${timeoutMs / 1000} seconds` : `failed (${code ?? message})`;
    const said = quoteWords(stderr || stdout);
    throw new AcmeError('local', `the DNS hook ${program} ${action} ${how}${said === '' ? '' : `: ${said}`}`, {
      cause,
    });
  } finally {
    cancel();
  }
}
