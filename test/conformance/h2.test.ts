// The corpus in HTTP/2 against the real executable: nothing forbidden crosses the translation to HTTP/1.1.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestAuthority } from '../kit/certificates.ts';
import { skipUnless } from '../kit/debian.ts';
import { startPortico } from '../kit/portico.ts';
import { closedPort } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { http2Cases } from './h1/h2-cases.ts';
import { type CaseResult, CORPUS_LIMIT_MS, runCorpus } from './h1/run-corpus.ts';

/** The cases at the time of writing; a translation that loses half of them must not look green. */
const CASES_AT_LEAST = 190;

// The runs wait most of their time, so they wait side by side.
describe('HTTP/2 corpus', { concurrency: true, skip: skipUnless('python3') }, () => {
  for (const isSecure of [false, true]) {
    test(isSecure ? 'over TLS' : 'with prior knowledge', { timeout: CORPUS_LIMIT_MS + 60_000 }, async (t) => {
      const backendPort = await closedPort();
      const tls = isSecure ? { tls: await saveCertificate(tempFolder(t)) } : {};
      const config = {
        listen: `${isSecure ? 'https' : 'http'}://127.0.0.1:0`,
        ...tls,
        sites: { '*': `http://127.0.0.1:${backendPort}` },
      };
      const portico = await startPortico(t, { config });
      const results = await runCorpus(t, {
        proxyPort: portico.port,
        backendPort,
        drip: 0,
        isSecure,
        http2Cases: http2Cases(),
      });
      assert.deepEqual(printed(results, 'FAIL'), []);
      assert.deepEqual(printed(results, 'SAFE'), []);
      assert.deepEqual(printed(results, 'SKIP'), []);
      assert.ok(results.length >= CASES_AT_LEAST, `only ${results.length} cases ran`);
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
