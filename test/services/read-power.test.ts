import t from 'tap';
import { LIST_LAG_MS } from '../../src/model/status.js';
import type { GuestView } from '../../src/drivers/guest/contract.js';
import { lookUp, seen, wordFor, wordOf, wordOfEntry } from '../../src/services/read-power.js';
import type { Changes } from '../fakes/parts.js';
import { aGuest, aJob, aService } from '../fakes/samples.js';
import { operations } from '../fakes/operations.js';

const ACTIVE: Changes = { lifecycle: 'active' };
const nodes = [{ name: 'pve1', online: true, memoryBytes: 0, memoryUsedBytes: 0 }];

function look(
  also: Changes,
  guests: GuestView[] = [aGuest(1000)],
  change: (of: ReturnType<typeof operations>) => void = () => {},
) {
  const of = operations();
  of.cluster.view = { at: of.clock.now(), nodes, guests, storages: [] };
  change(of);
  return lookUp(of.context.watch, seen(aService({ ...ACTIVE, ...also })));
}

t.test('what the cluster shows of a service', async (t) => {
  const stale = Date.parse('2026-01-01T00:00:00Z');
  for (const [what, also, guests, power, reachable] of [
    ['it runs', {}, [aGuest(1000)], 'running', true],
    ['it is stopped', {}, [aGuest(1000, { status: 'stopped' })], 'stopped', true],
    ['another word', {}, [aGuest(1000, { status: 'frozen' })], 'unknown', true],
    ['suspended', { lifecycle: 'suspended' }, [aGuest(1000)], 'running', true],
    ['not shown', {}, [aGuest(1001)], 'unknown', false],
    ['no number', { vmid: null }, [aGuest(1000)], 'unknown', false],
    ['being made: its number may be of another', { lifecycle: 'creating' }, [aGuest(1000)], 'unknown', false],
    ['deleted', { lifecycle: 'terminated' }, [aGuest(1000)], 'unknown', false],
    ['on a node that is not there', {}, [aGuest(1000, { node: 'pve2' })], 'running', false],
    ['last known', {}, [aGuest(1000, { staleSince: stale })], 'running', false],
    ['no guest', { guest: null }, [], null, true],
  ] as const) {
    const found = look(also, [...guests]);
    t.match(found, { power, reachable }, what);
    t.equal(found.staleSince, what === 'last known' ? '2026-01-01T00:00:00.000Z' : null, what);
  }
});

t.test('a node that is off line, a look that failed, and none at all', async (t) => {
  const off = look({}, undefined, ({ cluster }) => {
    cluster.view = {
      at: 0,
      nodes: nodes.map((node) => ({ ...node, online: false })),
      guests: [aGuest(1000)],
      storages: [],
    };
  });
  t.match(off, { power: 'running', reachable: false, staleSince: null });
  const since = (all: number | undefined, own?: number) =>
    look({}, [aGuest(1000, own === undefined ? {} : { staleSince: own })], ({ cluster }) => {
      cluster.staleSince = all;
    });
  t.match(since(1000), { reachable: false, staleSince: '1970-01-01T00:00:01.000Z' });
  t.match(since(3000, 2000), { staleSince: '1970-01-01T00:00:02.000Z' }, 'the earlier of the two');
  t.match(since(1000, 2000), { staleSince: '1970-01-01T00:00:01.000Z' });
  const none = look({}, undefined, ({ cluster }) => (cluster.view = undefined));
  t.match(none, { guest: undefined, power: 'unknown', reachable: false });
});

t.test('a job of ours knows better than a list that is older than its end and the lag', async (t) => {
  const end = Date.parse('2026-01-01T00:00:00Z');
  const jobs = [aJob({ method: 'stop', status: 'completed', endedAt: new Date(end).toISOString() })];
  const figures = { cpu: 0.5, memoryBytes: 7, uptimeS: 9 };
  const at = (ms: number, also: Changes = { jobs }) =>
    look(also, undefined, ({ cluster }) => {
      cluster.view = { at: end + ms, nodes, guests: [aGuest(1000, figures)], storages: [] };
    });
  t.match(at(LIST_LAG_MS - 1), { power: 'stopped', guest: { cpu: 0, memoryBytes: 0, uptimeS: 0 } });
  t.match(at(LIST_LAG_MS), { power: 'running', guest: figures });
  t.match(at(0, {}), { power: 'running', guest: figures });
  const started = [aJob({ method: 'start', status: 'completed', endedAt: new Date(end).toISOString() })];
  t.match(at(0, { jobs: started }), { power: 'running', guest: figures });
  const stopped = look({ jobs: started }, undefined, ({ cluster }) => {
    const guests = [aGuest(1000, { ...figures, status: 'stopped' })];
    cluster.view = { at: end, nodes, guests, storages: [] };
  });
  t.match(stopped, { power: 'running', guest: figures });
});

t.test('the word for a service is the same from its document and from its entry', async (t) => {
  const stuck = aJob({ method: 'stop', status: 'stuck' });
  for (const [also, word] of [
    [ACTIVE, 'running'],
    [{ ...ACTIVE, jobs: [stuck] }, 'failed'],
    [{ ...ACTIVE, vmid: 1001 }, 'unknown'],
    [{ lifecycle: 'suspended' }, 'suspended'],
  ] as const) {
    const service = aService(also);
    const { context, cluster, memory } = operations(service);
    cluster.view = { at: 0, nodes, guests: [aGuest(1000)], storages: [] };
    const entry = memory.services.entry('default/12');
    t.equal(wordOf(context.watch, service), word);
    t.equal(entry && wordOfEntry(context.watch, entry), word);
  }
  t.equal(wordFor({ lifecycle: 'active', stuck: false }, null), 'active');
});
