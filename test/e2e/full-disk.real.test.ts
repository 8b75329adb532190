import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { startWorld, type WorldProcess } from '../bench/processes.js';
import { fieldsOf, type Fields } from '../faults/harness.js';

const run = promisify(execFile);
const cli = join(dirname(shippedModules()), 'src', 'cli.js');

/** A mount namespace of its own, so that nothing of the small disk outlives this test, however it ends. */
async function smallDisk(t: Test, dir: string): Promise<{ readonly pid: number; readonly seen: string }> {
  const script =
    'mkdir -p "$1" && mount -t tmpfs -o size=1m,mode=0700 innkeeper-small "$1" && echo ready && exec cat';
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    const gone = once(holder, 'exit');
    holder.stdin.end();
    await gone;
  });
  await once(holder.stdout, 'data');
  const pid = holder.pid ?? 0;
  return { pid, seen: `/proc/${pid}/root${dir}` };
}

function startDaemon(t: Test, world: WorldProcess, pid: number): ChildProcess {
  const daemon = spawn(
    'nsenter',
    [`--mount=/proc/${pid}/ns/mnt`, process.execPath, cli, 'serve', '--config', world.configFile],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  t.teardown(async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await gone;
  });
  return daemon;
}

async function fill(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'filler');
  const file = await open(path, 'w');
  for (const size of [65_536, 4_096, 512])
    for (;;) {
      const written = await file.write(Buffer.alloc(size)).then(
        ({ bytesWritten }) => bytesWritten,
        () => 0,
      );
      if (written < size) break;
    }
  await file.close();
  return () => rm(path);
}

t.test(
  'a state folder that is full, or read-only: refused with 503, nothing lost, and it goes on by itself',
  async (t) => {
    const world = await startWorld('memory');
    t.teardown(() => world.close());
    const disk = await smallDisk(t, join(world.stateDir, 'agent'));
    let daemon = startDaemon(t, world, disk.pid);

    const ask = async (method: string, path: string, body?: object, headers: object = {}) => {
      const answer = await fetch(world.api + path, {
        method,
        headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        body: fieldsOf(await answer.json()),
      };
    };
    const until = async (what: string, right: () => Promise<boolean>): Promise<void> => {
      const late = Date.now() + 60_000;
      while (!(await right().catch(() => false))) {
        if (Date.now() > late) throw new Error(`waited in vain for: ${what}`);
        await delay(50);
      }
    };
    const health = async (): Promise<unknown> => (await ask('GET', '/health')).body['status'];
    const ready = async (): Promise<boolean> => (await ask('GET', '/ready')).status === 200;
    const site = async (id: string): Promise<Fields> => (await ask('GET', `/status?service_id=${id}`)).body;
    const completed = (id: string): Promise<void> =>
      until(`${id} completed`, async () => (await site(id))['provision_status'] === 'completed');
    const order = (id: string, headers: object = {}) =>
      ask(
        'POST',
        '/create-site',
        { service_id: id, email: `${id}@example.com`, plan: 'basic', public_ip: '203.0.113.10' },
        headers,
      );
    const remount = (how: string): Promise<unknown> =>
      run('nsenter', [
        `--mount=/proc/${disk.pid}/ns/mnt`,
        'mount',
        '-o',
        `remount,${how}`,
        join(world.stateDir, 'agent'),
      ]);

    await until('the daemon is ready', ready);
    await order('one');
    await completed('one');

    t.equal((await order('two')).status, 202);
    const empty = await fill(disk.seen);
    const refused = await order('three', { 'idempotency-key': 'k1' });
    t.match(refused, { status: 503, retryAfter: '30', body: { success: false, code: 'state_unavailable' } });
    t.match(await ask('POST', '/action/stop', { service_id: 'one' }), { status: 503 });
    t.match(await site('one'), { success: true, provision_status: 'completed' }, 'reads still answer');
    t.equal(await ready(), false);
    t.equal(await health(), 'degraded');
    t.equal((await site('two'))['provision_status'], 'processing', 'what was accepted waits');
    t.equal(daemon.exitCode, null, 'it has not given up');

    const gone = once(daemon, 'exit');
    run('nsenter', [`--mount=/proc/${disk.pid}/ns/mnt`, 'true']).catch(() => undefined);
    daemon.kill('SIGKILL');
    await gone;
    daemon = startDaemon(t, world, disk.pid);
    await until('it starts on a full disk', async () => (await site('one'))['success'] === true);
    t.equal((await order('three')).status, 503);
    await empty();
    await until('it is ready again by itself', ready);
    t.equal(await health(), 'ok');
    await completed('two');
    t.equal((await order('three', { 'idempotency-key': 'k1' })).status, 202, 'the same call holds now');
    await completed('three');

    await remount('ro');
    t.match(await order('four'), { status: 503, retryAfter: '30' });
    t.equal(await ready(), false);
    t.equal(daemon.exitCode, null, 'a read-only disk has changed nothing either');
    await remount('rw');
    await until('it is ready again by itself', ready);
    t.equal((await order('four')).status, 202);
    await completed('four');

    const { body } = await ask('GET', '/events?limit=1000');
    const events = Array.isArray(body['events']) ? body['events'].map(fieldsOf) : [];
    for (const id of ['one', 'two', 'three', 'four'])
      t.ok(
        events.some((event) => event['service_id'] === id),
        `${id} is in the log of events`,
      );
  },
);
