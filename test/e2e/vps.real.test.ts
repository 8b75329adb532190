/** The product `vps` on real containers: the customer logs in over SSH with the ordered key. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NodeSSH } from 'node-ssh';
import t from 'tap';
import { Type } from 'typebox';
import { parse, stringify } from 'yaml';
import { checked, command, get, readText, startDaemon, startWorld } from './processes.js';

const Job = Type.Object({ status: Type.String(), error: Type.Unknown() });
const Asked = Type.Object({ job_id: Type.String() });
const Status = Type.Object({ status: Type.String(), vmid: Type.Integer(), private_ip: Type.String() });
const Credentials = Type.Object({ username: Type.String(), password: Type.String() });
const SIZES = { memory_mb: 512, disk_gb: 10, cores: 1, backups: 2, module: 'vps' };

const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-vps-'));
const world = await startWorld(stateDir);
const ready = world.told;
let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined;
t.teardown(async () => {
  await daemon?.stop();
  await world.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function post(path: string, body: object): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${ready.token}`,
    'content-type': 'application/json',
    prefer: 'respond-async',
  };
  const answer = await fetch(ready.api + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.json();
}

/** Until the job of the request has ended; rejects with the job when it did not end well. */
async function did(path: string, body: object): Promise<void> {
  const answer = await post(path, body);
  const { job_id: id } = checked(Asked, answer);
  const deadline = Date.now() + 5 * 60_000;
  for (;;) {
    const job = await get(ready, `/jobs/${id}`, Job);
    if (job.status === 'completed') return;
    const isOver = ['failed', 'stuck', 'cancelled'].includes(job.status) || Date.now() > deadline;
    if (isOver) throw new Error(`${path}: ${JSON.stringify(job)}`);
    await delay(100);
  }
}

const statusOf = (id: string) => get(ready, `/status?service_id=${id}`, Status);

/** A new key: the path of the private one, and the public one. */
async function makeKey(name: string): Promise<{ file: string; line: string }> {
  const file = join(stateDir, name);
  await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  return { file, line: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

interface Login {
  /** Path of the private key. */
  readonly key?: string;
  readonly password?: string;
}

/** Runs a command as the customer does; rejects when the server lets nobody in with this. The server may be booting. */
async function asRoot(host: string, login: Login, line: string): Promise<string> {
  for (const late = Date.now() + 60_000; ;) {
    try {
      return await once(host, login, line);
    } catch (error) {
      const isBooting = error instanceof Error && /ECONNREFUSED|EHOSTUNREACH/.test(error.message);
      if (!isBooting || Date.now() > late) throw error;
      await delay(200);
    }
  }
}

async function once(host: string, login: Login, line: string): Promise<string> {
  const ssh = new NodeSSH();
  const secret = login.key === undefined ? { password: login.password ?? '' } : { privateKeyPath: login.key };
  await ssh.connect({ host, username: 'root', readyTimeout: 5_000, ...secret });
  try {
    const { code, stdout, stderr } = await ssh.execCommand(line);
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
    return stdout;
  } finally {
    ssh.dispose();
  }
}

t.before(async () => {
  const file = join(stateDir, 'innkeeper.yaml');
  const written = checked(Type.Object({}), parse(await readText(file)));
  const own = join(stateDir, 'vps.yaml');
  const plans = [{ name: 'vps', ...SIZES, data: { image: 'debian-12', images: ['debian-12'] } }];
  await writeFile(own, stringify({ ...written, plans }), { mode: 0o600 });
  daemon = await startDaemon(ready.api, own);
});

const order = (id: string, properties: object) =>
  did('/create-site', {
    ...{ service_id: id, email: 'me@example.com', plan: 'vps', public_ip: '203.0.113.10' },
    properties,
  });

t.test('root logs in with the ordered key, and after a reinstallation with a new one', async (t) => {
  const [first, second] = [await makeKey('first'), await makeKey('second')];
  await order('1', { hostname: 'web1.example.com', ssh_keys: [first.line] });
  const made = await statusOf('1');
  const host = made.private_ip;
  const firstKey = { key: first.file };
  t.equal(await asRoot(host, firstKey, 'hostname'), 'web1');
  t.equal(await asRoot(host, firstKey, 'stat -c %a:%U /root/.ssh/authorized_keys'), '600:root');
  const { password } = await get(ready, '/services/1/credentials', Credentials);
  await t.rejects(asRoot(host, { password }, 'true'), 'with keys, the password is for the console');
  const hostKey = await asRoot(host, firstKey, 'cat /etc/ssh/ssh_host_ed25519_key.pub');

  await asRoot(host, firstKey, 'echo before >/root/file; sync');
  await did('/action/mkbak', { service_id: '1' });
  await asRoot(host, firstKey, 'echo after >/root/file; sync');
  const { backups } = await get(
    ready,
    '/action/getbak?service_id=1',
    Type.Object({ backups: Type.Array(Type.String()) }),
  );
  await did('/action/rollback', { service_id: '1', bak: backups[0] });
  t.equal(await asRoot(host, firstKey, 'cat /root/file'), 'before', 'after a rollback');
  await did('/action/restart', { service_id: '1' });
  t.equal(await asRoot(host, firstKey, 'cat /root/file'), 'before', 'after a restart');
  await did('/suspend', { service_id: '1' });
  await t.rejects(once(host, firstKey, 'true'), 'while it is suspended');
  await did('/unsuspend', { service_id: '1' });

  await did('/services/1/actions/reinstall', { input: { ssh_keys: [second.line] } });
  const { vmid, private_ip: address } = made;
  t.match(
    await statusOf('1'),
    { status: 'running', vmid, private_ip: address },
    'number and address are kept',
  );
  await t.rejects(asRoot(host, firstKey, 'true'), 'the former key is gone');
  t.equal(await asRoot(host, { key: second.file }, 'ls -A /root/file 2>/dev/null || echo gone'), 'gone');
  t.not(await asRoot(host, { key: second.file }, 'cat /etc/ssh/ssh_host_ed25519_key.pub'), hostKey);
  t.equal(await asRoot(host, { key: second.file }, 'hostname'), 'web1');
  await did('/delete-site', { service_id: '1' });
  await t.rejects(once(host, { key: second.file }, 'true'), 'when it is deleted');
});

t.test('without a key, root logs in with the password, also after a reset', async (t) => {
  await order('2', {});
  const { private_ip: host } = await statusOf('2');
  const { username, password } = await get(ready, '/services/2/credentials', Credentials);
  t.equal(username, 'root');
  t.equal(await asRoot(host, { password }, 'id -u'), '0');
  await did('/services/2/credentials/reset', {});
  const next = (await get(ready, '/services/2/credentials', Credentials)).password;
  t.not(next, password);
  t.equal(await asRoot(host, { password: next }, 'id -u'), '0');
  await t.rejects(asRoot(host, { password }, 'true'));
});
