/** A real nginx of our own on loopback, with its main configuration as an operator would write it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { NginxConfig } from '../../../src/drivers/proxy/nginx/config.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { freePort } from '../../fakes/free-port.js';

export interface RealNginx {
  readonly config: NginxConfig;
  readonly root: string;
  readonly ca: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Text in nginx.conf that makes the test command fail as nginx would; empty = none. */
  poison(text: string): Promise<void>;
  reloads(): Promise<number>;
}

export async function realNginx(t: Test, more: Partial<NginxConfig> = {}): Promise<RealNginx> {
  const root = await mkdtemp(join(tmpdir(), 'innkeeper-nginx-'));
  await chmod(root, 0o755);
  await mkdir(join(root, 'proxy'));
  const at = (name: string): string => join(root, name);
  const certificate = await makeCertificate(['*.example.test', 'example.test']);
  await writeFile(at('wild.pem'), certificate.cert);
  await writeFile(at('wild.key'), certificate.key);
  await writeFile(at('poison'), '');
  await writeFile(at('proxy/nginx.conf'), '');
  await writeFile(at('main.conf'), mainConfiguration(root));
  await writeFile(
    at('test'),
    `#!/bin/sh
[ -s ${at('poison')} ] && grep -q -f ${at('poison')} ${at('proxy/nginx.conf')} && { echo 'nginx: [emerg] poisoned' >&2; exit 1; }
exec nginx -t -q -c ${at('main.conf')} -e ${at('error.log')}
`,
  );
  await writeFile(
    at('reload'),
    `#!/bin/sh\necho reload >>${at('reloads')}\nexec nginx -s reload -c ${at('main.conf')} -e ${at('error.log')}\n`,
  );
  await chmod(at('test'), 0o755);
  await chmod(at('reload'), 0o755);
  const nginx: RealNginx = {
    root,
    ca: certificate.ca,
    config: {
      dir: at('proxy'),
      test: [at('test')],
      reload: [at('reload')],
      status_port: await freePort(),
      listen: ['127.0.0.1'],
      http_port: await freePort(),
      https_port: await freePort(),
      certificate_file: at('wild.pem'),
      certificate_key_file: at('wild.key'),
      max_upload_mb: 2,
      real_ip_from: [],
      ...more,
    },
    async start() {
      await run(['nginx', '-c', at('main.conf'), '-e', at('error.log')]);
      // The command returns before the daemon it leaves behind has written its number.
      while ((await readFile(at('nginx.pid'), 'utf8').catch(() => '')).trim() === '') {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async stop() {
      const pid = Number((await readFile(at('nginx.pid'), 'utf8').catch(() => '')).trim());
      // An empty pid file would make this 0: our own process group.
      if (!Number.isSafeInteger(pid) || pid <= 1) return;
      process.kill(pid, 'SIGTERM');
      while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    poison: (text) => writeFile(at('poison'), text),
    reloads: async () => (await readFile(at('reloads'), 'utf8').catch(() => '')).split('\n').length - 1,
  };
  t.teardown(async () => {
    await nginx.stop();
    await rm(root, { recursive: true, force: true });
  });
  return nginx;
}

function mainConfiguration(root: string): string {
  return `user www-data;
worker_processes 2;
pid ${root}/nginx.pid;
error_log ${root}/error.log warn;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path ${root}/body;
    proxy_temp_path ${root}/proxy-temp;
    fastcgi_temp_path ${root}/fastcgi;
    uwsgi_temp_path ${root}/uwsgi;
    scgi_temp_path ${root}/scgi;
    include ${root}/proxy/nginx.conf;
}
`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function run([program = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`);
}
