// The programs of nghttp2, which are not ours, in front of a real Portico: nghttp and h2load, in cleartext and over TLS.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { programPath, skipUnless } from '../kit/debian.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { startProcess } from '../kit/process.ts';
import { answering, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };
const END_LIMIT_MS = 100_000;
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';

describe('nghttp2', { skip: skipUnless('nghttp', 'h2load') }, () => {
  let upstream: ScriptedUpstream;
  let portico: Portico;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    upstream = await startUpstream(
      owner,
      answering(({ target, body }) =>
        target === '/trailers'
          ? `${HINTS}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n`
          : `HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length).length}\r\n\r\n${body.length}`,
      ),
    );
    const folder = tempFolder(owner);
    const authority = await TestAuthority.create();
    const tls = saveCertificate(folder, 'proxy', await authority.issue({ names: ['127.0.0.1'] }));
    portico = await startPortico(owner, {
      listeners: 2,
      config: {
        listen: ['http://127.0.0.1:0', 'https://127.0.0.1:0'],
        tls,
        log: { level: 'error' },
        sites: { '*': { '/': upstream.origin, https: 'optional' } },
      },
    });
  });

  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const run = async (t: Owner, program: 'nghttp' | 'h2load', args: readonly string[]): Promise<string> => {
    const running = startProcess(t, programPath(program), args, { name: program });
    assert.deepEqual(await running.ended(END_LIMIT_MS), { status: 0, signal: null }, running.output);
    return running.stdout;
  };

  for (const [index, name] of ['cleartext', 'TLS'].entries()) {
    test(`nghttp over ${name}: early hints, content, trailers, a clean end`, LIMIT, async (t) => {
      const output = await run(t, 'nghttp', ['-v', `${portico.origins[index]}/trailers`]);
      const at = [':status: 103', ':status: 200', 'x-sum: 7'].map((text) => output.indexOf(text));
      assert.ok(
        at.every((place, order) => place > (at[order - 1] ?? 0)),
        output,
      );
      assert.ok(!/recv RST_STREAM|error_code=(?!NO_ERROR)/.test(output), output);
    });

    test(`nghttp over ${name}: uploads with trailers, several at a time`, LIMIT, async (t) => {
      const file = join(tempFolder(t), 'content');
      writeFileSync(file, Buffer.alloc(300_000, 'x'));
      const url = `${portico.origins[index]}/up`;
      const before = upstream.requests.length;
      const output = await run(t, 'nghttp', [
        '-d',
        file,
        '--no-content-length',
        '--trailer',
        'x-check: 5',
        '-m',
        '5',
        url,
      ]);
      assert.equal(output, '300000'.repeat(5));
      const requests = upstream.requests.slice(before);
      assert.equal(requests.length, 5);
      for (const { body, trailers } of requests)
        assert.deepEqual([body.length, trailers.get('x-check')], [300_000, '5']);
    });

    test(`nghttp over ${name}: padding, small windows and CONTINUATION`, LIMIT, async (t) => {
      const url = `${portico.origins[index]}/trailers`;
      for (const options of [['-b', '200'], ['-w', '1', '-W', '1'], ['--continuation'], ['--no-dep'], ['-c', '0']])
        assert.match(await run(t, 'nghttp', [...options, url]), /^ok/);
    });

    test(`h2load over ${name}: every answer of 2000 is good`, LIMIT, async (t) => {
      const output = await run(t, 'h2load', ['-n2000', '-c10', '-m50', `${portico.origins[index]}/`]);
      assert.match(output, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
      assert.match(output, /status codes: 2000 2xx/);
    });
  }
});
