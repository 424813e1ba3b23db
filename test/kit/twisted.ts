// The sample application on twisted.web, the program that the form in the path was made for.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Owner } from './at-end.ts';
import { findProgram } from './debian.ts';
import { startProcess } from './process.ts';
import { projectRoot } from './project-root.ts';

/** Debian's own interpreter first: another one in PATH does not see Debian's packages. */
const PYTHONS = ['/usr/bin/python3', findProgram('python3') ?? 'python3'];

/** The `skip` option of a test that needs twisted.web: false if it is there, else what to install. */
export function skipUnlessTwisted(): string | false {
  return findPython() === undefined
    ? 'needs twisted.web: apt-get install -y --no-install-recommends python3-twisted'
    : false;
}

/** Starts `test/interop/twisted_sample.py` and answers its port. */
export async function startTwistedSample(owner: Owner): Promise<number> {
  const python = findPython();
  if (python === undefined) throw new Error('twisted.web is not installed');
  const sample = join(projectRoot, 'test', 'interop', 'twisted_sample.py');
  const running = startProcess(owner, python, [sample], { name: 'twisted' });
  await running.untilOutput(/listening on \d+/);
  return Number(/listening on (\d+)/.exec(running.output)?.[1]);
}

let found: { readonly python: string | undefined } | undefined;

function findPython(): string | undefined {
  found ??= { python: PYTHONS.find(hasTwisted) };
  return found.python;
}

function hasTwisted(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import twisted.web.vhost'], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
