/** A real PowerDNS of our own: sqlite, loopback, random ports. */
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

/** The key of its API is `right`. `zone`: made at once, with the name server `ns1.<zone>`. */
export async function realPowerDns(t: Test, zone: string): Promise<{ url: string; dnsPort: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-pdns-'));
  await chmod(dir, 0o777);
  const database = join(dir, 'pdns.sqlite3');
  const made = spawnSync('sqlite3', [database], { input: await readFile(SCHEMA) });
  if (made.status !== 0) throw new Error(`sqlite3: ${String(made.stderr)}`);
  await chmod(database, 0o666);
  const [dnsPort, apiPort] = [await freePort(), await freePort()];
  await writeFile(
    join(dir, 'pdns.conf'),
    `launch=gsqlite3
gsqlite3-database=${database}
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
