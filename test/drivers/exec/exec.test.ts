import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SshConfig } from '../../../src/config/config.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import { knownKeys } from '../../../src/drivers/exec/ssh/known-hosts.js';
import { localExecDriver } from '../../../src/drivers/exec/local/index.js';
import { beginPid, decodeScript, encodeScript, splitEnd } from '../../../src/drivers/exec/script.js';
import { sshExecDriver } from '../../../src/drivers/exec/ssh/index.js';
import { at, call, execContract, MAX_OUTPUT_BYTES, scriptOf, writePct } from '../../contracts/exec.js';
import { fakeSshd, hashedName, keyPair } from '../../fakes/ssh-server.js';
import { silentLog } from '../proxy/nginx-stand-in.js';
import { testFolder } from '../../test-folder.js';

const deps = { log: silentLog };
const hostKey = keyPair();
const userKey = keyPair();

async function setUp(t: Test, more: Partial<SshConfig> = {}, hostKeys = [hostKey.private]) {
  const dir = testFolder(t);
  await mkdir(dir, { recursive: true });
  const sshd = await fakeSshd({ hostKeys, userKey: userKey.public, pct: await writePct(dir) });
  const known = join(dir, 'known_hosts');
  await writeFile(known, `[127.0.0.1]:${sshd.port} ${hostKey.public}\n`);
  const config: SshConfig = {
    hosts: { pve1: { host: '127.0.0.1', port: sshd.port } },
    user: 'root',
    private_key: new Secret(userKey.private),
    known_hosts_file: known,
    connect_timeout_s: 5,
    ...more,
  };
  const driver = sshExecDriver(['pct'], config, MAX_OUTPUT_BYTES, deps);
  t.teardown(async () => {
    await driver.close();
    await sshd.close();
  });
  return { sshd, driver, known };
}

t.test('local: the contract', async (t) => {
  await execContract(t, async (t) => {
    const driver = localExecDriver([await writePct(testFolder(t))], MAX_OUTPUT_BYTES, deps);
    t.teardown(() => driver.close());
    return driver;
  });
});

t.test('local: a pct that is not there is said so', async (t) => {
  const driver = localExecDriver(['/nowhere/pct'], MAX_OUTPUT_BYTES, deps);
  await t.rejects(driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    failure: 'refused_us',
    system: 'exec:pve1',
    detail: /\/nowhere\/pct.*ENOENT/,
  });
});

t.test('ssh: the contract', async (t) => {
  await execContract(t, async (t) => (await setUp(t)).driver);
});

t.test('ssh: one connection and at most eight channels carry everything', async (t) => {
  const { sshd, driver } = await setUp(t);
  await Promise.all(Array.from({ length: 30 }, () => driver.run(at, scriptOf('sleep 0.05'), call())));
  t.equal(sshd.connections, 1);
  t.equal(sshd.mostChannels, 8);
  t.same([...new Set(sshd.commands)], ['pct exec 101 --keep-env 0 -- /bin/sh -s']);
});

t.test('ssh: a broken connection is made anew, but a script is never sent twice', async (t) => {
  const { sshd, driver } = await setUp(t);
  await driver.run(at, scriptOf('true'), call());
  sshd.breakAll();
  t.match(await driver.run(at, scriptOf('echo again'), call()), { stdout: 'again\n' });
  t.equal(sshd.connections, 2);
  sshd.faults.push('break before');
  t.match(await driver.run(at, scriptOf('echo third'), call()), { stdout: 'third\n' });
  t.equal(sshd.connections, 3);
  const before = sshd.commands.length;
  sshd.faults.push('break after input');
  await t.rejects(driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_unreachable',
    retryable: true,
    detail: /was lost while a script ran/,
  });
  t.equal(sshd.commands.length, before + 1);
  sshd.faults.push('break before', 'break before');
  await t.rejects(driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_unreachable',
    detail: /no channel/,
  });
  sshd.faults.push('refuse');
  await t.rejects(driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    failure: 'refused_us',
    detail: /Unable to exec/,
  });
  sshd.faults.push('no status');
  t.match(
    await driver.run(at, scriptOf('exit 4'), call()),
    { exitCode: 4 },
    'the end marker is proof enough',
  );
  sshd.faults.push('no status');
  await t.rejects(driver.run({ ...at, vmid: 404 }, scriptOf('true'), call()), {
    code: 'container_host_unreachable',
  });
});

t.test('ssh: a host that cannot prove who it is gets nothing', async (t) => {
  const other = keyPair();
  const ecdsa = keyPair('ecdsa');
  const rsa = keyPair('rsa');
  const { sshd, driver, known } = await setUp(t, {}, [hostKey.private, rsa.private]);
  const name = `[127.0.0.1]:${sshd.port}`;
  const refused = async (lines: string, detail: RegExp): Promise<void> => {
    await writeFile(known, lines);
    await t.rejects(
      driver.run(at, scriptOf('true'), call()),
      { code: 'container_host_refused', failure: 'refused_us', detail },
      lines,
    );
  };
  await refused('', /no host key for it/);
  await refused(`127.0.0.1 ${hostKey.public}\n`, /no host key for it/);
  await refused(`${name} ${other.public}\n`, /host key \(.*is not the one/);
  await refused(`${name} ${hostKey.public}\n@revoked * ${hostKey.public}\n`, /is not the one/);
  await refused(`${name} ${ecdsa.public}\n`, /no matching host key/i);
  t.same(sshd.commands, []);
  await writeFile(known, `# comment\n${hashedName(name)} ${rsa.public}\n`);
  t.match(
    await driver.run(at, scriptOf('echo rsa'), call()),
    { stdout: 'rsa\n' },
    'the type that is known is asked for',
  );
});

t.test('ssh: other ways not to get in', async (t) => {
  const stranger = await setUp(t, { private_key: new Secret(keyPair().private) });
  await t.rejects(stranger.driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    detail: /log-in as root refused/,
  });
  const garbage = await setUp(t, { private_key: new Secret('garbage') });
  const error: unknown = await garbage.driver
    .run(at, scriptOf('true'), call())
    .catch((thrown: unknown) => thrown);
  t.match(error, { code: 'container_host_refused', detail: /privateKey/i });
  const missing = await setUp(t, { known_hosts_file: '/nowhere/known_hosts' });
  await t.rejects(missing.driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    detail: /cannot be read/,
  });
  await t.rejects(missing.driver.run({ ...at, node: '-oProxyCommand=x' }, scriptOf('true'), call()), {
    code: 'container_host_failed',
  });

  const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as AddressInfo;
  const hosts = { pve1: { host: '127.0.0.1', port } };
  const { driver, known } = await setUp(t, { hosts, connect_timeout_s: 0.2 });
  await writeFile(known, `[127.0.0.1]:${port} ${hostKey.public}\n`);
  await t.rejects(
    driver.run(at, scriptOf('true'), call()),
    { code: 'container_host_unreachable' },
    'silence',
  );
  const stop = new AbortController();
  const waiting = driver.run(at, scriptOf('true'), plainCall(stop.signal));
  await systemClock.sleep(20);
  stop.abort();
  await t.rejects(waiting, { code: 'aborted' });
  await new Promise((resolve) => silent.close(resolve));
  await t.rejects(driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_unreachable',
    detail: /ECONNREFUSED/,
  });
});

t.test('known_hosts is read as OpenSSH does', async (t) => {
  const key = hostKey.public;
  const count = (text: string, host = 'pve1.example', port = 22): number =>
    knownKeys(text, host, port).trusted.length;
  t.equal(count(`pve1.example ${key} root@pve1`), 1);
  t.equal(count(`other,PVE1.example,10.0.0.1 ${key}`), 1);
  t.equal(count(`*.example ${key}`), 1);
  t.equal(count(`*.example,!pve1.example ${key}`), 0);
  t.equal(count(`pve?.example ${key}`), 1);
  t.equal(count(`pve1xexample ${key}`), 0, 'a dot is a dot');
  t.equal(count(`[pve1.example]:2222 ${key}`), 0);
  t.equal(count(`[pve1.example]:2222 ${key}`, 'pve1.example', 2222), 1);
  t.equal(count(`${hashedName('pve1.example')} ${key}`), 1);
  t.equal(count(`${hashedName('[pve1.example]:2222')} ${key}`, 'pve1.example', 2222), 1);
  t.equal(count(`@cert-authority * ${key}`), 0);
  t.equal(count(`pve1.example ${key}\r\npve1.example ${keyPair('ecdsa').public}\n\n#x\npve1.example`), 2);
  t.equal(count('pve1.example ssh-dss AAAA\npve1.example'), 0);
});

t.test('what encodeScript writes decodeScript reads', async (t) => {
  const nonce = 'ab'.repeat(16);
  const values = { A: "it's\n(\nset -eu\n", EMPTY: '' };
  const body = 'echo one\n) </dev/null\necho two';
  const text = encodeScript({ name: 'wordpress/install', body, values }, nonce);
  t.same(decodeScript(text), { name: 'wordpress/install', values, body, marker: `innkeeper-end-${nonce}` });
  const out = `innkeeper-begin-${nonce} 77\nhello\n\ninnkeeper-end-${nonce} 3\n`;
  t.equal(beginPid(out, nonce), 77);
  t.same(splitEnd(out, nonce), { stdout: 'hello\n', exitCode: 3 });
  t.same(splitEnd(`hello\n\ninnkeeper-end-${nonce} 3\n`, nonce), { stdout: 'hello\n', exitCode: 3 });
  t.same(splitEnd('hello', nonce), { stdout: 'hello', exitCode: undefined });
});
