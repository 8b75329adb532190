/** Locks that Proxmox leaves behind: found, told with the commands that remove them, never taken for success. */
import t from 'tap';
import { pino } from 'pino';
import { lockChecks } from '../../../src/drivers/guest/proxmox/doctor-locks.js';
import type { Clock } from '../../../src/kernel/clock.js';
import { proxmoxExaminer } from '../../../src/drivers/guest/proxmox/examine.js';
import { proxmoxGuestDriver } from '../../../src/drivers/guest/proxmox/index.js';
import { openTransport } from '../../../src/drivers/guest/proxmox/transport.js';
import { failsWith } from '../../contracts/guest.js';
import { at, call, driverAtLookalike, fastClock, spec } from '../../fakes/lookalike-driver.js';

const NAME = 'BAK01012026-1';
const COMMANDS = ['pct unlock 5001', `pct delsnapshot 5001 ${NAME} --force`];
/** The clock is twenty times as fast: a task that the test holds back is waited for as long as a busy machine needs. */
const UNHURRIED = { task_timeout_s: 12_000 };
const storageFails = (method: string, path: string) => ({
  target: 'pve' as const,
  method,
  path,
  kind: { taskError: 'rbd: removing snap: failed: image still has watchers' },
});

t.test('a removal that the storage refuses is no removal, however often it is asked for', async (t) => {
  const { pve, driver } = await driverAtLookalike(t);
  await driver.ensureContainer(spec, call());
  await driver.ensureSnapshot(at, NAME, 'Backup', call());
  pve.faults.add(storageFails('DELETE', '/snapshot/'));
  for (const which of ['first', 'second', 'third']) {
    const error = await failsWith(t, 'container_host_busy', driver.removeSnapshot(at, NAME, call()), which);
    t.match(error.detail, COMMANDS.join(' && '), `${which}: the commands are told`);
    t.match(error.detail, /on pve2/, `${which}: and where`);
    t.match(await driver.listSnapshots(at, call()), [{ name: NAME, half: 'delete' }], which);
  }
  const { read } = await driver.listContainers(call());
  t.match(
    read.find(({ vmid }) => vmid === at.vmid),
    { leftLock: { node: 'pve2', lock: 'snapshot-delete', commands: COMMANDS } },
  );
  for (const [what, act] of [
    ['a start', () => driver.ensureStarted(at, call())],
    ['a change', () => driver.ensureResources(at, { ...spec.resources, memoryMb: 4096 }, call())],
    ['another snapshot', () => driver.ensureSnapshot(at, 'other', 'Backup', call())],
    ['a rollback', () => driver.rollback(at, NAME, call())],
  ] as const) {
    const error = await act().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    t.match(error, { detail: /pct unlock 5001|pct delsnapshot 5001/ }, `${what} names the commands`);
  }
  pve.faults.remove();
  pve.lock(at.vmid, undefined);
  t.notOk((await driver.listContainers(call())).read.some(({ leftLock }) => leftLock));
  await driver.removeSnapshot(at, NAME, call());
  t.same(await driver.listSnapshots(at, call()), []);
});

t.test('a half snapshot of ours is made again, and is nothing to go back to', async (t) => {
  const { pve, driver } = await driverAtLookalike(t);
  await driver.ensureContainer(spec, call());
  await driver.ensureSnapshot(at, NAME, 'Backup', call());
  pve.faults.add({ ...storageFails('DELETE', '/snapshot/'), times: 1 });
  await failsWith(t, 'container_host_busy', driver.removeSnapshot(at, NAME, call()), 'refused');
  pve.lock(at.vmid, undefined);
  const error = await failsWith(t, 'backup_not_found', driver.rollback(at, NAME, call()), 'half');
  t.match(error.detail, `run on pve2: pct delsnapshot 5001 ${NAME} --force`);
  await driver.ensureSnapshot(at, NAME, 'Backup', call());
  t.match(await driver.listSnapshots(at, call()), [{ name: NAME, half: null }]);
  await driver.rollback(at, NAME, call());
});

t.test('a lock that a task holds is waited for, and no command is told', async (t) => {
  const { pve, driver, backend } = await driverAtLookalike(t, {}, UNHURRIED);
  await driver.ensureContainer(spec, call());
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  Object.assign(backend, { snapshot: () => held });
  const making = driver.ensureSnapshot(at, NAME, 'Backup', call());
  const lock = () => pve.containers().find(({ vmid }) => vmid === at.vmid)?.config['lock'];
  while (lock() !== 'snapshot') await new Promise((resolve) => void setTimeout(resolve, 5));
  const error = await failsWith(t, 'container_host_busy', driver.ensureStarted(at, call()), 'locked');
  t.notMatch(error.detail, /pct unlock/);
  t.notOk((await driver.listContainers(call())).read.some(({ leftLock }) => leftLock));
  goOn();
  await making;
  t.match(await driver.listSnapshots(at, call()), [{ name: NAME, half: null }]);
});

t.test('the doctor finds the locks left on what is ours, and tells the commands', async (t) => {
  const { pve, driver, config } = await driverAtLookalike(t);
  const examiner = proxmoxExaminer(config, { clock: fastClock, log: pino({ level: 'silent' }) });
  t.teardown(() => examiner.close());
  const signal = new AbortController().signal;
  const verdict = () => lockChecks({ config: { agent: { id: 'a1' } }, pve: examiner })[0]?.run(signal);
  await driver.ensureContainer(spec, call());
  pve.lock(9002, 'disk');
  t.match(await verdict(), { state: 'ok' }, 'what is not ours is not ours to tell');
  pve.lock(at.vmid, 'backup');
  t.match(await verdict(), { state: 'ok' }, 'a backup may run that we cannot see');
  pve.lock(at.vmid, 'rollback');
  t.match(await verdict(), {
    state: 'wrong',
    found: /5001 on pve2 \("rollback"\)/,
    fix: ['pct unlock 5001   # on pve2'],
  });
});

t.test('the lock that a killed clone left on its template is told, too', async (t) => {
  const { pve, driver } = await driverAtLookalike(t);
  pve.lock(9002, 'disk');
  const error = await failsWith(t, 'container_host_busy', driver.ensureContainer(spec, call()), 'locked');
  t.match(error.detail, /container 9002 holds lock "disk".*pct unlock 9002/);
});

t.test('the lock of a container that is being cloned is none that was left behind', async (t) => {
  const { pve, driver, backend } = await driverAtLookalike(t, {}, UNHURRIED);
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const clone = backend.clone.bind(backend);
  Object.assign(backend, { clone: (...args: Parameters<typeof clone>) => held.then(() => clone(...args)) });
  const making = driver.ensureContainer(spec, call());
  const lock = () => pve.containers().find(({ vmid }) => vmid === spec.vmid)?.config['lock'];
  while (lock() !== 'create') await new Promise((resolve) => void setTimeout(resolve, 5));
  const { read } = await driver.listContainers(call());
  t.same(
    read.flatMap(({ leftLock }) => leftLock ?? []),
    [],
    'the task has the number of its source',
  );
  goOn();
  await making;
});

t.test('the second of the commands that are told comes before a removal of ours', async (t) => {
  const { pve, driver, config } = await driverAtLookalike(t);
  await driver.ensureContainer(spec, call());
  await driver.ensureSnapshot(at, NAME, 'Backup', call());
  pve.faults.add({ ...storageFails('DELETE', '/snapshot/'), times: 1 });
  await failsWith(t, 'container_host_busy', driver.removeSnapshot(at, NAME, call()), 'refused');
  pve.lock(at.vmid, undefined);

  const { urls, token_id: tokenId, token_secret: tokenSecret, fingerprint } = config;
  const trust = { caFile: null, fingerprint };
  const person = openTransport({ urls, tokenId, tokenSecret, trust, requestTimeoutMs: 5_000 });
  const snapshot = `/api2/json/nodes/pve2/lxc/${at.vmid}/snapshot/${NAME}`;
  let isTyped = false;
  const clock: Clock = {
    ...fastClock,
    async sleep(ms, signal, background) {
      if (!isTyped) {
        isTyped = true;
        await person.request('DELETE', snapshot, { force: true }, new AbortController().signal);
      }
      return fastClock.sleep(ms, signal, background);
    },
  };
  const before = pve.requests.length;
  const waiting = proxmoxGuestDriver(config, { clock, log: pino({ level: 'silent' }) });
  t.teardown(() => Promise.all([waiting.close(), person.close()]));
  await waiting.removeSnapshot(at, NAME, call());
  const removals = pve.requests.slice(before).filter(({ method }) => method === 'DELETE');
  t.equal(removals.length, 1, "the person's, and none of ours");
  t.same(await driver.listSnapshots(at, call()), []);
});
