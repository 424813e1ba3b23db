// The HTTP/1.1 corpus against the real executable, whole messages and octet by octet.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestAuthority } from '../kit/certificates.ts';
import { skipUnless } from '../kit/debian.ts';
import { startPortico } from '../kit/portico.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { type CaseResult, CORPUS_LIMIT_MS, runCorpus } from './h1/run-corpus.ts';
import { SAFE_CASES, SAFE_CASES_LIMIT } from './h1/safe-cases.ts';

/** The corpus at the time of writing; a runner that skips half of it must not look green. */
const CASES_AT_LEAST = 131;

/** The second way of reading is the fallback for Node versions where sockets cannot be re-wrapped. */
const RUNS = [
  { name: 'whole messages', drip: 0, env: {} },
  { name: 'one octet per write', drip: 1, env: {} },
  { name: 'whole messages over plain sockets', drip: 0, env: { PORTICO_PLAIN_SOCKETS: '1' } },
  { name: 'whole messages over TLS', drip: 0, env: {}, isSecure: true },
  { name: 'whole messages over TLS on plain sockets', drip: 0, env: { PORTICO_PLAIN_SOCKETS: '1' }, isSecure: true },
];

// The runs wait most of their time, so they wait side by side.
describe('HTTP/1.1 corpus', { concurrency: true, skip: skipUnless('python3') }, () => {
  for (const { name, drip, env, isSecure = false } of RUNS) {
    test(name, { timeout: CORPUS_LIMIT_MS + 60_000 }, async (t) => {
      const backendPort = await closedPort();
      const tls = isSecure ? { tls: await saveCertificate(tempFolder(t)) } : {};
      const config = {
        listen: `${isSecure ? 'https' : 'http'}://127.0.0.1:0`,
        ...tls,
        sites: { '*': `http://127.0.0.1:${backendPort}` },
      };
      const portico = await startPortico(t, { config, env });
      const results = await runCorpus(t, { proxyPort: portico.port, backendPort, drip, isSecure });

      const safe = results.filter(({ verdict }) => verdict === 'SAFE');
      for (const { id, why } of safe) t.diagnostic(`SAFE ${id}: ${why} (${SAFE_CASES[id] ?? 'not in safe-cases.ts'})`);
      assert.deepEqual(printed(results, 'FAIL'), []);
      assert.deepEqual(printed(results, 'SKIP'), []);
      assert.ok(results.length >= CASES_AT_LEAST, `only ${results.length} cases ran`);
      assert.deepEqual(safe.map(({ id }) => id).sort(), Object.keys(SAFE_CASES).sort());
      assert.ok(safe.length <= SAFE_CASES_LIMIT, `${safe.length} SAFE cases`);
    });
  }
});

async function saveCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const { cert, key } = await (await TestAuthority.create()).issue({ names: ['conf.test'] });
  const files = { cert: join(folder, 'conf.pem'), key: join(folder, 'conf.key') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

function printed(results: readonly CaseResult[], verdict: CaseResult['verdict']): string[] {
  return results.filter((result) => result.verdict === verdict).map(({ id, why }) => `${id}: ${why}`);
}
