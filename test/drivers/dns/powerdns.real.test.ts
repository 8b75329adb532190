import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { systemClock } from '../../../src/domain/clock.js';
import { Secret } from '../../../src/domain/secret.js';
import { powerDnsDriver } from '../../../src/drivers/dns/powerdns/index.js';
import { call, dnsContract, mark } from '../../contracts/dns.js';
import { freePort } from '../../fakes/free-port.js';

const ZONE = 'example.test';
const SCHEMA = '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql';

/** A PowerDNS of our own: sqlite, loopback, random ports. */
async function startServer(t: Test): Promise<{ url: string; dnsPort: number }> {
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
  const body = JSON.stringify({ name: `${ZONE}.`, kind: 'Native', nameservers: [`ns1.${ZONE}.`] });
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

const driverAt = (t: Test, url: string, key = 'right') => {
  const config = { url, api_key: new Secret(key), server_id: 'localhost', zone: ZONE, timeout_s: 5 };
  const driver = powerDnsDriver(config, 60);
  t.teardown(() => driver.close());
  return driver;
};

t.test('the contract', async (t) => {
  await dnsContract(t, async (t) => {
    const { url } = await startServer(t);
    const foreign = async (name: string, type: string, value: string): Promise<void> => {
      const content = type === 'CNAME' ? `${value}.` : value;
      const rrsets = [
        { name: `${name}.`, type, ttl: 60, changetype: 'REPLACE', records: [{ content, disabled: false }] },
      ];
      const answer = await request(`${url}/api/v1/servers/localhost/zones/${ZONE}.`, {
        method: 'PATCH',
        headers: { 'x-api-key': 'right' },
        body: JSON.stringify({ rrsets }),
      });
      await answer.body.dump();
      t.equal(answer.statusCode, 204);
    };
    return { driver: driverAt(t, url), zone: ZONE, foreign };
  });
});

t.test('the record is served once the call returns, and gone once it is removed', async (t) => {
  const { url, dnsPort } = await startServer(t);
  const driver = driverAt(t, url);
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
  await driver.ensureRecord(record, call());
  t.same(await resolver.resolve4(record.name), ['203.0.113.10']);
  await driver.removeRecord(record, call());
  await t.rejects(resolver.resolve4(record.name), { code: 'ENOTFOUND' });
});

t.test('a wrong key and a missing zone are told apart', async (t) => {
  const { url } = await startServer(t);
  const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
  await t.rejects(driverAt(t, url, 'wrong').ensureRecord(record, call()), { code: 'dns_refused' });
  const elsewhere = powerDnsDriver(
    { url, api_key: new Secret('right'), server_id: 'localhost', zone: 'missing.test', timeout_s: 5 },
    60,
  );
  t.teardown(() => elsewhere.close());
  await t.rejects(elsewhere.ensureRecord({ ...record, name: 'shop.missing.test' }, call()), {
    code: 'dns_failed',
  });
});
