/** A real PowerDNS of our own: loopback, random ports, records in SQLite or LMDB. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { request } from 'undici';
import { systemClock } from '../../../src/kernel/clock.js';
import { freePort } from '../../fakes/free-port.js';

const SCHEMA = '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql';

type Backend = 'sqlite' | 'lmdb';

/** Its lines of the configuration. The server makes LMDB's files by itself. */
async function prepare(dir: string, backend: Backend): Promise<string> {
  if (backend === 'lmdb') return `launch=lmdb\nlmdb-filename=${join(dir, 'pdns.lmdb')}`;
  const database = join(dir, 'pdns.sqlite3');
  const made = spawnSync('sqlite3', [database], { input: await readFile(SCHEMA) });
  if (made.status !== 0) throw new Error(`sqlite3: ${String(made.stderr)}`);
  await chmod(database, 0o666);
  return `launch=gsqlite3\ngsqlite3-database=${database}`;
}

/** The key of its API is `right`. `zone`: made at once, with the name server `ns1.<zone>`. */
export async function realPowerDns(
  t: Test,
  zone: string,
  backend: Backend = 'sqlite',
): Promise<{ url: string; dnsPort: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-pdns-'));
  await chmod(dir, 0o777);
  const lines = await prepare(dir, backend);
  const [dnsPort, apiPort] = [await freePort(), await freePort()];
  await writeFile(
    join(dir, 'pdns.conf'),
    `${lines}
local-address=127.0.0.1
local-port=${dnsPort}
api=yes
api-key=right
webserver=yes
webserver-address=127.0.0.1
webserver-port=${apiPort}
socket-dir=${dir}
setuid=nobody
setgid=nogroup
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
`,
  );
  const child = spawn(
    'pdns_server',
    [`--config-dir=${dir}`, '--daemon=no', '--guardian=no', '--disable-syslog'],
    { stdio: 'ignore' },
  );
  t.teardown(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${apiPort}`;
  const body = JSON.stringify({ name: `${zone}.`, kind: 'Native', nameservers: [`ns1.${zone}.`] });
  const giveUp = AbortSignal.timeout(20_000);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`pdns_server ended with ${child.exitCode}`);
    try {
      const answer = await request(`${url}/api/v1/servers/localhost/zones`, {
        method: 'POST',
        headers: { 'x-api-key': 'right' },
        body,
      });
      await answer.body.dump();
      if (answer.statusCode === 201) return { url, dnsPort };
    } catch {
      // not up yet
    }
    await systemClock.sleep(20, giveUp);
  }
}
