/**
 * After a rollback of a running container Proxmox checks its file system for up to a minute, and answers nothing
 * about the container meanwhile.
 */
import t from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { newCircuits } from '../../../src/drivers/shared/circuit.js';
import { notingCall } from '../../contracts/guest.js';
import { at, call, driverAtLookalike, spec } from '../../fakes/lookalike-driver.js';

for (const withHa of [false, true]) {
  t.test(`a start that takes a minute is waited for, ${withHa ? 'through HA' : 'without HA'}`, async (t) => {
    const circuits = newCircuits(systemClock, { failures: 2, pauseMs: 60_000 });
    const { pve, driver } = await driverAtLookalike(
      t,
      // 0.9 s stand for 42, 0.1 s for the 30 after which the proxy answers 596
      { mountCheckMs: 900, proxyTimeoutMs: 100 },
      { ha: { enabled: withHa, nodes: [], group: null } },
      circuits,
    );
    await driver.ensureContainer(spec, call());
    await driver.ensureStarted(at, call());
    if (withHa) await driver.ensureHa(at, call());
    await driver.ensureSnapshot(at, 'initial', 'As delivered', call());
    await driver.rollback(at, 'initial', call());
    const starting = notingCall();
    const started = driver.ensureStarted(at, starting);
    while (!pve.tasks().some(({ type, status }) => type === 'vzstart' && status === 'running'))
      await systemClock.sleep(5);
    // whoever asks meanwhile waits, too
    const found = await Promise.all([1, 2, 3].map(() => driver.find(at, call())));
    for (const one of found) t.equal(one?.power, 'running');
    await started;
    const silent = pve.requests.filter(({ status, path }) => status === 596 && path.endsWith('/current'));
    t.ok(silent.length >= 2, 'it was silent more often than the circuit bears');
    t.same(
      circuits.list().map(({ state }) => state),
      circuits.list().map(() => 'closed'),
    );
    t.match(starting.notes['waits_for'], /file system check of the storage takes up to a minute/);
    t.ok(pve.containers().find(({ vmid }) => vmid === at.vmid)?.config['lock'] === undefined);
  });
}

t.test('who waits for such a container leaves the node to the others', async (t) => {
  const { pve, driver } = await driverAtLookalike(
    t,
    { mountCheckMs: 2_000, proxyTimeoutMs: 100 },
    { ha: { enabled: true, nodes: [], group: null } },
  );
  const other = { ...spec, vmid: 5002, mark: { ...spec.mark, service: '43' } };
  await driver.ensureContainer(other, call());
  await driver.ensureContainer(spec, call());
  await driver.ensureStarted(at, call());
  await driver.ensureHa(at, call());
  await driver.ensureSnapshot(at, 'initial', 'As delivered', call());
  await driver.rollback(at, 'initial', call());
  const started = driver.ensureStarted(at, call());
  const checks = () => pve.tasks().some(({ type, status }) => type === 'vzstart' && status === 'running');
  while (!checks()) await systemClock.sleep(5);
  const found = driver.find(at, call());
  let changes = 0;
  for (; checks(); changes += 1) {
    await driver.ensureResources(other, { ...spec.resources, memoryMb: 1024 + changes }, call());
    await systemClock.sleep(50);
  }
  await started;
  t.equal((await found)?.power, 'running');
  t.ok(changes > 0, 'the other was changed meanwhile');
  const hung = pve.requests.filter(({ status }) => status === 596);
  t.ok(hung.length <= 2, 'one question each of who starts it and who looks for it');
  t.same(
    hung.filter(({ path }) => !path.endsWith('/lxc/5001/status/current')),
    [],
    'nothing else was kept waiting',
  );
});

t.test(
  'a resize of the stopped container waits for the check, and the start after it waits again',
  async (t) => {
    const { pve, driver } = await driverAtLookalike(t, { mountCheckMs: 900, proxyTimeoutMs: 100 });
    await driver.ensureContainer(spec, call());
    await driver.ensureStarted(at, call());
    await driver.ensureSnapshot(at, 'initial', 'As delivered', call());
    await driver.rollback(at, 'initial', call());
    const silentDuring = async (type: string, act: () => Promise<unknown>): Promise<number> => {
      const before = pve.requests.length;
      const acting = act();
      while (!pve.tasks().some((task) => task.type === type && task.status === 'running'))
        await systemClock.sleep(5);
      t.ok(await driver.find(at, call()), `${type}: it is found all the same`);
      await acting;
      return pve.requests.slice(before).filter(({ status }) => status === 596).length;
    };
    const larger = { ...spec.resources, diskGb: 30 };
    t.ok((await silentDuring('resize', () => driver.ensureResources(at, larger, call()))) > 0);
    t.match(await driver.find(at, call()), { power: 'stopped' });
    t.ok((await silentDuring('vzstart', () => driver.ensureStarted(at, call()))) > 0);
    t.match(await driver.find(at, call()), { power: 'running' });
    t.match(
      pve.containers().find(({ vmid }) => vmid === at.vmid),
      { config: { rootfs: /,size=30G/ } },
    );
  },
);

t.test('a node that answers nothing at all still opens its circuit', async (t) => {
  const circuits = newCircuits(systemClock, { failures: 2, pauseMs: 60_000 });
  const { pve, driver } = await driverAtLookalike(t, {}, {}, circuits);
  await driver.ensureContainer(spec, call());
  const silence = { status: 596, reason: 'Connection timed out' };
  pve.faults.add({ target: 'pve', path: '/nodes/pve2/', kind: silence });
  for (let tries = 0; tries < 3; tries += 1) await t.rejects(driver.find(at, call()));
  t.equal(circuits.find('container-host:pve2')?.view().state, 'open');
});
