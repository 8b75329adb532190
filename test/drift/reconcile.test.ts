import t, { type Test } from 'tap';
import type { Mark } from '../../src/kernel/mark.js';
import { markOf } from '../../src/model/service.js';
import type { SeenRecord } from '../../src/model/actual-state.js';
import { driftStore } from '../../src/drift/drift-store.js';
import { reconciler } from '../../src/drift/reconcile.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { aService } from '../fakes/samples.js';
import { makeRig, NOW, type Rig } from '../http/harness.js';
import { toldClock } from '../fakes/told-clock.js';

const APART_MS = 15_000;

interface Reconciling extends Rig {
  readonly drivers: ReturnType<typeof fakeDrivers>;
  readonly reconcile: ReturnType<typeof reconciler>;
  readonly drift: ReturnType<typeof driftStore>;
  pass(ms: number): void;
}

/** So many living services whose containers are there; nothing else is. */
async function world(t: Test, count: number): Promise<Reconciling> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  let now = NOW;
  const clock = toldClock(
    () => now,
    async (ms) => void (now += ms),
  );
  const drivers = fakeDrivers();
  const services = Array.from({ length: count }, (_, n) =>
    aService({
      id: `s${n}`,
      lifecycle: 'active',
      vmid: 10_000 + n,
      node: 'pve1',
      subdomain: `s${n}`,
      fqdn: `s${n}.sites.example.net`,
      primaryDomain: `s${n}.sites.example.net`,
      addresses: [{ pool: 'large', address: `10.1.0.${n + 1}`, prefix: 22, gateway: '10.1.0.1' }],
    }),
  );
  for (const service of services) await rig.state.services.commit(`default/${service.id}`, () => service);
  const read = services.map((service) => ({
    vmid: service.guest?.vmid ?? 0,
    node: 'pve1',
    power: 'running' as const,
    template: false,
    resources: service.plan,
    mark: markOf(rig.config.agent.id, service),
    markAlone: true,
  }));
  drivers.guest.listContainers = async () => ({ read, unread: [] });
  rig.config.reconcile.mode = 'repair';
  const drift = driftStore(APART_MS);
  const reconcile = reconciler({ ...rig.deps, clock, drivers, drift });
  t.teardown(() => reconcile.stop());
  return { ...rig, drivers, reconcile, drift, pass: (ms) => void (now += ms) };
}

t.test('what was too much for one round of repairs is repaired in the next', async (t) => {
  const rig = await world(t, 60);
  const repaired = async (): Promise<number> => {
    let count = 0;
    for (const { key } of rig.state.services.entries())
      count += (await rig.state.services.get(key)).jobs.filter(({ method }) => method === 'repair').length;
    return count;
  };
  rig.pass(60_000);
  await rig.reconcile.run();
  t.equal(await repaired(), 50);
  rig.pass(rig.config.reconcile.every_s * 1000);
  await rig.reconcile.run();
  t.equal(await repaired(), 60, 'each once: those under way are left alone');
});

t.test('an orphan whose service has come to life since the look stays', async (t) => {
  const rig = await world(t, 0);
  const mark = (service: string): Mark => ({
    agent: rig.config.agent.id,
    panel: 'default',
    service,
    generation: 1,
  });
  const record = (service: string): SeenRecord => ({
    name: `${service}.sites.example.net`,
    type: 'A',
    values: ['203.0.113.10'],
    mark: mark(service),
    markAlone: true,
  });
  rig.drivers.dns.list = async () => [record('a'), record('b')];
  rig.pass(60_000);
  await rig.reconcile.run();
  const ids = rig.drift.report()?.orphans.map(({ item }) => item.id) ?? [];
  t.equal(ids.length, 2);
  // while the first one is being removed somebody orders the second one's service
  rig.drivers.before = async (name) => {
    if (!name.startsWith('removeRecord a.')) return;
    await rig.state.services.commit('default/b', () => aService({ id: 'b' }));
  };
  const removed = await rig.reconcile.remove(ids, { unknown: true });
  t.match(removed, [{ problem: null }, { problem: 'its service was ordered again in the meantime' }]);
  t.same(
    rig.drivers.calls.filter((call) => call.startsWith('removeRecord')),
    ['removeRecord a.sites.example.net A'],
  );
});
