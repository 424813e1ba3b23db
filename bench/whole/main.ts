// `npm run bench`: Portico and its rivals side by side on this machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestAuthority } from '../../test/kit/certificates.ts';
import { runFolder, watchForEnd, withScope } from '../../test/kit/clean-up.ts';
import { findProgram, installHint } from '../../test/kit/debian.ts';
import { closedPort } from '../../test/kit/scripted-upstream.ts';
import { startBackend } from './backend.ts';
import { runContest } from './contest.ts';
import { describeMachine } from './machine.ts';
import { type Options, parseOptions } from './options.ts';
import type { CertificateFiles, Rival } from './rival.ts';
import { versionOutput } from './server-process.ts';

const parsed = parseOptions(process.argv.slice(2));
if ('text' in parsed) {
  console.error(parsed.text);
  process.exitCode = parsed.status;
} else {
  watchForEnd();
  await runAll(parsed);
}

async function runAll(options: Options): Promise<void> {
  const needed = (['nginx', 'wrk'] as const).filter((program) => findProgram(program) === undefined);
  if (process.platform !== 'linux' || needed.length > 0) {
    console.error(`Needs Linux, with nginx as the backend and wrk as the client: ${installHint(['nginx', 'wrk'])}`);
    process.exitCode = 1;
    return;
  }
  const rivals = availableRivals(options.rivals);
  console.log(describeMachine());
  console.log(`Portico under Node.js ${versionOutput(options.node, ['--version']).trim()}, one worker each`);
  console.log(
    `${options.rounds} rounds of ${options.seconds} s, medians; ratios are to nginx in the same round, or between the variants of one rival`,
  );
  await withScope(async (owner) => {
    const folder = runFolder(owner);
    const backend = { h1: await closedPort(), h2: await closedPort() };
    await startBackend(owner, join(folder, 'backend'), backend);
    const certificate = await saveCertificate(folder);
    for (const workload of options.workloads) {
      console.log(`\n${workload.name}: ${workload.title}\n  to reach: ${workload.goal}`);
      console.log(await runContest(workload, rivals, { ...options, backend, certificate, folder }));
    }
  });
}

/** Elliptic, as public authorities give them today. */
async function saveCertificate(folder: string): Promise<CertificateFiles> {
  const issued = await (await TestAuthority.create()).issue({ names: ['127.0.0.1', 'bench.example'] });
  const files = { cert: join(folder, 'bench.pem'), key: join(folder, 'bench.key') };
  writeFileSync(files.cert, issued.cert);
  writeFileSync(files.key, issued.key);
  return files;
}

function availableRivals(wanted: readonly Rival[]): Rival[] {
  return wanted.filter((rival) => {
    const missing = rival.missing();
    if (missing !== undefined) console.log(`${rival.name} is missing: ${missing}`);
    return missing === undefined;
  });
}
