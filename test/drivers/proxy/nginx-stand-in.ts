/**
 * An nginx that is none: commands that succeed or fail as told by files, and a status port that answers the version
 * of the last reload.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { NginxConfig } from '../../../src/drivers/proxy/nginx/config.js';
import { testFolder } from '../../test-folder.js';

export interface StandIn {
  readonly config: NginxConfig;
  readonly dir: string;
  /** Text whose presence in nginx.conf makes the test command fail; empty = none. */
  poison(text: string): Promise<void>;
  /** Makes the next test fail, whatever is tested. */
  failOnce(): Promise<void>;
  /** Whether the reload command works. */
  running(yes: boolean): Promise<void>;
  tests(): Promise<number>;
  reloads(): Promise<number>;
  /** What was last loaded. */
  loaded(): Promise<string>;
}

export const silentLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function nginxStandIn(t: Test): Promise<StandIn> {
  const root = testFolder(t);
  const dir = join(root, 'proxy');
  const file = (name: string): string => join(root, name);
  await mkdir(dir);
  await writeFile(file('poison'), '');
  const server = createServer((_, answer) => {
    readFile(file('served'), 'utf8').then(
      (text) => answer.end(text),
      () => answer.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  await script(
    file('test'),
    `echo test >>${file('tests')}
if [ -e ${file('full')} ]; then rm ${file('full')}; echo "nginx: [emerg] no space left" >&2; exit 1; fi
[ -s ${file('poison')} ] || exit 0
if grep -q -f ${file('poison')} ${dir}/nginx.conf; then echo "nginx: [emerg] poisoned" >&2; exit 1; fi`,
  );
  await script(
    file('reload'),
    `[ -e ${file('stopped')} ] && { echo "nginx: [error] no pid" >&2; exit 1; }
echo reload >>${file('reloads')}; cp ${dir}/nginx.conf ${file('loaded')}
sed -n 's/.*return 200 "\\([0-9]*\\)".*/\\1/p' ${dir}/nginx.conf >${file('served.new')}; mv ${file('served.new')} ${file('served')}`,
  );
  const count = async (name: string): Promise<number> =>
    (await readFile(file(name), 'utf8').catch(() => '')).split('\n').length - 1;
  return {
    dir,
    config: {
      dir,
      test: [file('test')],
      reload: [file('reload')],
      status_port: port,
      listen: ['127.0.0.1'],
      http_port: 8080,
      https_port: 8443,
      certificate_file: '/tmp/wildcard.pem',
      certificate_key_file: '/tmp/wildcard.key',
      max_upload_mb: 64,
      real_ip_from: ['10.0.0.0/8', 'fd00::/8'],
    },
    poison: (text) => writeFile(file('poison'), text),
    failOnce: () => writeFile(file('full'), ''),
    async running(yes) {
      if (!yes) return writeFile(file('stopped'), '');
      const { rm } = await import('node:fs/promises');
      await rm(file('stopped'), { force: true });
    },
    tests: () => count('tests'),
    reloads: () => count('reloads'),
    loaded: () => readFile(file('loaded'), 'utf8'),
  };
}

async function script(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}
