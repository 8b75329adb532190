/**
 * A real nginx as the public endpoint of the sandbox. It serves the configuration that the driver renders to
 * `renderedFile`. Before that file exists, it serves no sites.
 */
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeText } from '../files.js';
import { findCommand } from './requirements.js';
import { run } from './run.js';
import { startServer } from './server-process.js';
import type { ServerProcess } from './server-process.js';

/**
 * The user of nginx's workers, as on a Debian host. This user must be able to read the certificates and the files
 * that the driver writes.
 */
const WORKERS = 'www-data';

export interface NginxOptions {
  /** A separate folder to which nginx's workers have access, for configuration, logs and temporary files. */
  readonly dir: string;
  /** `<proxy.nginx.dir>/nginx.conf` of the daemon's config. */
  readonly renderedFile: string;
}

export interface Nginx extends ServerProcess {
  readonly test: readonly string[];
  readonly reload: readonly string[];
}

export async function startNginx({ dir, renderedFile }: NginxOptions): Promise<Nginx> {
  const config = join(dir, 'main.conf');
  const pidFile = join(dir, 'nginx.pid');
  await mkdir(join(dir, 'temporary'), { recursive: true, mode: 0o755 });
  await rm(pidFile, { force: true });
  await writeText(config, mainConfig(dir, pidFile, renderedFile), 0o644);
  const argv = [findCommand('nginx') ?? 'nginx', '-c', config, '-e', join(dir, 'error.log')];
  const server = await startServer({
    name: 'nginx',
    argv,
    logFile: join(dir, 'output.log'),
    isReady: async () => Number((await readFile(pidFile, 'utf8').catch(() => '')).trim()) > 1,
  });
  return { ...server, test: [...argv, '-t', '-q'], reload: [...argv, '-s', 'reload'] };
}

function mainConfig(dir: string, pidFile: string, renderedFile: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(dir, 'temporary', kind)};`,
  );
  return [
    'daemon off;',
    `user ${WORKERS};`,
    'worker_processes 2;',
    `pid ${pidFile};`,
    'events { worker_connections 4096; }',
    'http {',
    '  include /etc/nginx/mime.types;',
    '  access_log off;',
    ...temporary,
    // The path is written as a pattern: nginx fails if an included file does not exist, but not if a pattern matches
    // no file.
    `  include ${renderedFile.replace(/f$/, '[f]')};`,
    '}',
    '',
  ].join('\n');
}

/** Copies a certificate and its key to a folder in which only nginx's workers can read them. */
export async function writeCertificate(
  dir: string,
  files: { readonly cert: string; readonly key: string },
): Promise<{ certFile: string; keyFile: string }> {
  const group = Number((await run(['id', '-g', WORKERS])).stdout.trim());
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o750);
  await chown(dir, 0, group);
  const [certFile, keyFile] = [join(dir, 'wildcard.pem'), join(dir, 'wildcard.key')];
  for (const [file, text] of [
    [certFile, files.cert],
    [keyFile, files.key],
  ] as const) {
    await writeText(file, text, 0o640);
    await chown(file, 0, group);
  }
  return { certFile, keyFile };
}
