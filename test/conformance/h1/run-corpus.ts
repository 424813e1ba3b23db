// Starts the corpus runner against a running proxy and reads its verdicts.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../kit/at-end.ts';
import { programPath } from '../../kit/debian.ts';
import { startProcess } from '../../kit/process.ts';
import { projectRoot } from '../../kit/project-root.ts';
import { tempFolder } from '../../kit/temp-folder.ts';

/** Where this corpus lies: sources, not compiled. */
export const corpusFolder: string = join(projectRoot, 'test', 'conformance', 'h1');

/** What came of one case. */
export interface CaseResult {
  readonly id: string;
  readonly group: string;
  readonly verdict: 'PASS' | 'SAFE' | 'FAIL' | 'SKIP';
  readonly why: string;
}

/** Against what, and how, the corpus runs. */
export interface CorpusRun {
  readonly proxyPort: number;
  /** The port to which the proxy sends everything; the runner listens there. */
  readonly backendPort: number;
  /** Whether the proxy is asked over TLS. */
  readonly isSecure?: boolean;
  /** Cases for an HTTP/2 front instead of those of cases.json: as prior knowledge, or by ALPN where it is secure. */
  readonly http2Cases?: readonly object[];
  /** Octets per write; 0 for whole messages. */
  readonly drip: number;
}

/** The corpus takes half a minute, or a minute octet by octet; several on a busy machine. */
export const CORPUS_LIMIT_MS = 600_000;

/** By how much a busy machine may be slower than the limits of the cases allow for. */
const PATIENCE = '8';

/** Runs every case and answers all verdicts. */
export async function runCorpus(owner: Owner, run: CorpusRun): Promise<CaseResult[]> {
  const { proxyPort, backendPort, drip, isSecure = false } = run;
  const resultFile = join(tempFolder(owner), 'results.json');
  const script = join(corpusFolder, 'run-cases.py');
  const args = [script, `127.0.0.1:${proxyPort}`, String(backendPort), '--drip', String(drip), '--json', resultFile];
  args.push('--patience', PATIENCE);
  // How long the runner waits for a close behind an answer: a busy machine takes longer than its 0.12 s.
  if (run.http2Cases === undefined) args.push('--settle', '0.4');
  if (isSecure) args.push('--tls');
  if (run.http2Cases !== undefined)
    args.push('--cases', saveCases(owner, run.http2Cases), '--h2', `127.0.0.1:${proxyPort}`);
  if (run.http2Cases !== undefined && isSecure) args.push('--h2-tls');
  const runner = startProcess(owner, programPath('python3'), args, { name: 'run-cases.py' });
  const { status } = await runner.ended(CORPUS_LIMIT_MS);
  // Status 1 says that a case failed; whatever else goes wrong leaves no result file or another status.
  if (status !== 0 && status !== 1) throw new Error(`run-cases.py ended with ${status}\n${runner.output}`);
  return readResults(resultFile, runner.output);
}

function saveCases(owner: Owner, cases: readonly object[]): string {
  const file = join(tempFolder(owner), 'cases.json');
  writeFileSync(file, JSON.stringify(cases));
  return file;
}

function readResults(file: string, output: string): CaseResult[] {
  try {
    // Our own runner wrote it.
    return (JSON.parse(readFileSync(file, 'utf8')) as { results: CaseResult[] }).results;
  } catch (error) {
    throw new Error(`run-cases.py wrote no results\n${output}`, { cause: error });
  }
}
