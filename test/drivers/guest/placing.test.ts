import fc from 'fast-check';
import t from 'tap';
import { pino } from 'pino';
import { AgentError } from '../../../src/kernel/errors.js';
import type { ClusterView, GuestView, PlacementSpec } from '../../../src/drivers/guest/contract.js';
import { freeMb, chooseNode, spread } from '../../../src/drivers/guest/proxmox/choose-node.js';
import {
  configuredAddresses,
  formatTags,
  macOf,
  net0Of,
  parseSize,
  rootDiskBytes,
  sameDevice,
} from '../../../src/drivers/guest/proxmox/property-string.js';
import { parseUpid } from '../../../src/drivers/guest/proxmox/tasks.js';
import { watchCluster } from '../../../src/drivers/guest/watch.js';
import { handClock } from '../../fakes/clock.js';
import { proxmoxConfig } from '../../fakes/proxmox-config.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const rules = { nodes: [] as string[], storage: 'thin', reserve_memory_mb: 512, reserve_disk_gb: 5 };

const guest = (over: Partial<GuestView>): GuestView => ({
  vmid: 100, name: 'x', node: 'a', type: 'lxc', template: false, status: 'stopped', memoryBytes: 0, memoryLimitBytes: 0, diskBytes: 0,
  diskLimitBytes: 0, cpu: 0, networkInBytes: 0, networkOutBytes: 0, uptimeS: 0, tags: [], ...over,
}); // prettier-ignore

interface NodeCase {
  name: string;
  online: boolean;
  total: number;
  used: number;
  promised: number;
  /** GiB of the storage; 0: Proxmox does not tell. */
  disk: number;
  diskUsed: number;
  diskPromised: number;
  storage: boolean;
  template: boolean;
}

const nodeCase = (name: string) =>
  fc.record<NodeCase>({
    name: fc.constant(name),
    online: fc.boolean(),
    total: fc.integer({ min: 0, max: 65_536 }),
    used: fc.integer({ min: 0, max: 65_536 }),
    promised: fc.integer({ min: 0, max: 20_000 }),
    disk: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 })),
    diskUsed: fc.integer({ min: 0, max: 60 }),
    diskPromised: fc.integer({ min: 0, max: 40 }),
    storage: fc.boolean(),
    template: fc.boolean(),
  });

function viewOf(cases: readonly NodeCase[], shared: boolean): ClusterView {
  return {
    at: 0,
    nodes: cases.map(({ name, online, total, used }) => ({
      name,
      online,
      memoryBytes: total * MIB,
      memoryUsedBytes: used * MIB,
    })),
    guests: cases
      .filter((one) => one.template)
      .map((one, index) => guest({ vmid: 900 + index, node: one.name, name: 'wp', template: true })),
    storages: cases.map(({ name, storage, disk, diskUsed }) => ({
      storage: 'thin', node: name, shared, available: storage, totalBytes: disk * GIB, usedBytes: diskUsed * GIB,
    })), // prettier-ignore
  };
}

t.test('placement: the fitting node with most left, or the reason why none', async () => {
  const cases = fc.tuple(nodeCase('a'), nodeCase('b'), nodeCase('c'));
  const allowed = fc.subarray(['a', 'b', 'c']);
  fc.assert(
    fc.property(
      cases,
      allowed,
      fc.boolean(),
      fc.integer({ min: 16, max: 16_384 }),
      (nodes, only, shared, memoryMb) => {
        const spec: PlacementSpec = {
          resources: { cores: 1, memoryMb, swapMb: 0, diskGb: 8 },
          source: { kind: 'template', name: 'wp' },
          promised: new Map(
            nodes.map(({ name, promised, diskPromised }) => [
              name,
              { memoryMb: promised, diskGb: diskPromised },
            ]),
          ),
        };
        const left = (one: NodeCase): number => one.total - one.used - one.promised - 512;
        const promisedGb = nodes.reduce((sum, one) => sum + one.diskPromised, 0);
        const leftGb = (one: NodeCase): number =>
          one.disk - one.diskUsed - (shared ? promisedGb : one.diskPromised) - 5;
        const fits = nodes.filter(
          (one) =>
            one.online &&
            one.storage &&
            (only.length === 0 || only.includes(one.name)) &&
            (shared || one.template) &&
            left(one) >= memoryMb &&
            (one.disk === 0 || leftGb(one) >= 8),
        );
        const someTemplate = nodes.some((one) => one.template);
        const view = viewOf(nodes, shared);
        try {
          const chosen = nodes.find(({ name }) => name === chooseNode({ ...rules, nodes: only }, spec, view));
          if (!chosen || !fits.includes(chosen) || !someTemplate) return false;
          return (
            fits.every((one) => left(one) <= left(chosen)) &&
            freeMb(
              rules,
              spec,
              view.nodes[0] ?? { name: '', online: true, memoryBytes: 0, memoryUsedBytes: 0 },
            ) === left(nodes[0])
          );
        } catch (error) {
          if (!(error instanceof AgentError)) throw error;
          if (!someTemplate) return error.code === 'template_missing';
          const may = nodes.filter(
            ({ name, online }) => online && (only.length === 0 || only.includes(name)),
          );
          const lacks = may.length > 0 && may.every(({ storage }) => !storage);
          return (
            error.code === (lacks ? 'host_incomplete' : 'capacity_exhausted') &&
            fits.length === 0 &&
            /a: .*MiB left.*b: /.test(error.detail ?? '')
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

t.test('several are spread as one after the other would be placed, as far as there is room', async (t) => {
  const node = {
    online: true, used: 0, promised: 0, disk: 100, diskUsed: 0, diskPromised: 0, storage: true, template: true,
  }; // prettier-ignore
  const nodes = [
    { ...node, name: 'a', total: 4096 + 512 },
    { ...node, name: 'b', total: 3072 + 512 },
    { ...node, name: 'off', total: 65_536, online: false },
  ];
  const wanted = (memoryMb: number, diskGb: number): PlacementSpec => ({
    resources: { cores: 1, memoryMb, swapMb: 0, diskGb },
    source: { kind: 'template', name: 'wp' },
    promised: new Map(),
  });
  const spreadOf = (spec: PlacementSpec, count: number, shared = false) =>
    Object.fromEntries(spread(rules, spec, count, viewOf(nodes, shared)));
  t.same(spreadOf(wanted(1024, 8), 3), { a: 2, b: 1 }, 'the one with most memory left each time');
  t.same(spreadOf(wanted(1024, 8), 100), { a: 4, b: 3 }, 'no more than fit');
  t.same(spreadOf(wanted(1024, 40), 100), { a: 2, b: 2 }, 'nor than disks fit');
  t.same(spreadOf(wanted(1024, 40), 100, true), { a: 2 }, 'a shared storage is there once');
  t.same(
    spreadOf({ ...wanted(1024, 8), source: { kind: 'template', name: 'none' } }, 3),
    {},
    'without a source',
  );
});

t.test('placement of what is made from an OS template needs its storage', async (t) => {
  const node = {
    name: 'a', online: true, total: 8192, used: 0, promised: 0, disk: 40, diskUsed: 0, diskPromised: 0, storage: true, template: false,
  }; // prettier-ignore
  const view = viewOf([node], false);
  const wanted = (volume: string): PlacementSpec => ({
    resources: { cores: 1, memoryMb: 512, swapMb: 0, diskGb: 8 },
    source: { kind: 'os', volume },
    promised: new Map(),
  });
  t.equal(chooseNode(rules, wanted('thin:vztmpl/x'), view), 'a');
  t.throws(() => chooseNode(rules, wanted('elsewhere:vztmpl/x'), view), { code: 'template_missing' });
});

t.test('values as Proxmox writes them', async (t) => {
  t.equal(parseSize('8G'), 8 * 2 ** 30);
  t.equal(parseSize('1.5T'), 1.5 * 2 ** 40);
  t.equal(parseSize('512'), 512);
  t.equal(parseSize('8 G'), undefined);
  t.equal(rootDiskBytes('local-lvm:vm-101-disk-0,size=2252M'), 2252 * MIB);
  t.equal(rootDiskBytes('local-lvm:vm-101-disk-0'), undefined);
  t.ok(sameDevice('name=eth0,bridge=b,hwaddr=AA:BB', 'hwaddr=aa:bb,bridge=b,name=eth0,type=veth,firewall=0'));
  t.notOk(sameDevice('name=eth0,bridge=b', 'name=eth0,bridge=b,firewall=1'));
  t.same(
    configuredAddresses({
      net0: 'name=eth0,ip=10.0.0.1/24,ip6=FD00::1/64',
      net1: 'ip=dhcp,ip6=auto',
      net2: 7,
      mp0: 'ip=1.2.3.4',
    }),
    ['10.0.0.1', 'fd00::1'],
  );
  t.equal(formatTags(['WordPress', 'basic plan', '', 'basic plan', '*']), 'basic-plan;wordpress');
  const mark = { agent: 'a', panel: 'p', service: 's', generation: 1 };
  t.equal(macOf(mark), macOf({ ...mark }));
  t.not(macOf(mark), macOf({ ...mark, generation: 2 }));
  const upid = 'UPID:pve-1:0000ABCD:00ABCDEF0:6900AAAA:vzclone:9000:root@pam!agent:';
  t.same(parseUpid(upid), {
    upid,
    node: 'pve-1',
    type: 'vzclone',
    subject: '9000',
    owner: 'root@pam!agent',
  });
  for (const wrong of ['OK', null, 7, 'UPID:x', `${upid}/../..`]) t.equal(parseUpid(wrong), undefined);
});

t.test('the watch: one look for all, the last view stays, everybody may leave alone', async (t) => {
  const clock = handClock();
  let looks = 0;
  let failing = false;
  const waiting: (() => void)[] = [];
  const watch = watchCluster({
    clock,
    pollMs: 10_000,
    log: pino({ level: 'silent' }),
    driver: {
      look: async () => {
        looks += 1;
        await new Promise<void>((resolve) => waiting.push(resolve));
        if (failing) throw new AgentError('container_host_unreachable', 'away');
        return { at: clock.now(), nodes: [], guests: [guest({ vmid: looks })], storages: [] };
      },
      usedAddresses: async () => new Set([`10.0.0.${looks}`]),
    },
  });
  t.teardown(() => watch.close());
  const answer = async (): Promise<void> => {
    waiting.shift()?.();
    await clock.turn(0);
  };
  const signal = new AbortController().signal;
  t.equal(watch.latest(), undefined);
  const asked = [watch.fresh(0, signal), watch.fresh(5_000, signal)];
  const leaver = new AbortController();
  const left = watch.fresh(0, leaver.signal);
  leaver.abort(new Error('bye'));
  await t.rejects(left, { code: 'aborted' });
  await answer();
  const [one, two] = await Promise.all(asked);
  t.equal(one, two);
  t.equal(looks, 1, 'one look answered all');
  t.ok(watch.usedAddresses().has('10.0.0.1'));
  t.equal(await watch.fresh(5_000, signal), one, 'fresh enough');

  failing = true;
  await clock.turn(10_000);
  await answer();
  const since = clock.now();
  t.equal(watch.staleSince(), since);
  t.equal(watch.latest(), one);
  await clock.turn(10_000);
  await answer();
  t.equal(watch.staleSince(), since, 'since the first failure');
  const refused = t.rejects(watch.fresh(5_000, signal), { code: 'container_host_unreachable' });
  await answer();
  await refused;
  t.equal(await watch.fresh(60_000, signal), one, 'young enough for who asks for no more');
  failing = false;
  await clock.turn(10_000);
  await answer();
  t.equal(watch.staleSince(), undefined);
  t.equal(watch.latest()?.guests[0]?.vmid, looks);
  watch.close();
  await clock.turn(60_000);
  t.equal(waiting.length, 0, 'polling has ended');
});

t.test('a container with a location is placed only on its nodes', async (t) => {
  const node = (name: string, used: number): NodeCase => ({
    ...{ name, online: true, total: 10_000, used, promised: 0, disk: 0, diskUsed: 0, diskPromised: 0 },
    ...{ storage: true, template: true },
  });
  const view = viewOf([node('a', 0), node('b', 5_000), node('c', 6_000)], true);
  const within = { ...rules, locations: [{ name: 'south', nodes: ['b', 'c'] }] };
  const spec = (location: string | null): PlacementSpec => ({
    resources: { cores: 1, memoryMb: 1_000, swapMb: 0, diskGb: 1 },
    source: { kind: 'template', name: 'wp' },
    promised: new Map(),
    location,
  });
  t.equal(chooseNode(within, spec(null), view), 'a');
  t.equal(chooseNode(within, spec('south'), view), 'b');
  t.same([...spread(within, spec('south'), 100, view).keys()].sort(), ['b', 'c']);
  t.throws(() => chooseNode(within, spec('gone'), view), {
    code: 'capacity_exhausted',
    detail: /a: not in "gone"/,
  });
});

t.test('the network of a pool replaces the network of all containers', async (t) => {
  const address = { address: '203.0.113.9', prefix: 24, gateway: '203.0.113.1' };
  const device = (network?: { bridge: string | null; vlan: number | null }): string =>
    net0Of(proxmoxConfig({ vlan: 7 }), { agent: 'a', panel: 'p', service: '1', generation: 1 }, [
      { ...address, ...(network ? { network } : {}) },
    ]);
  t.match(device(), /bridge=vmbr0,.*,tag=7,/);
  t.match(device({ bridge: 'vmbr1', vlan: 20 }), /bridge=vmbr1,.*,tag=20,/);
  t.notMatch(device({ bridge: 'vmbr1', vlan: null }), /tag=/);
  t.match(device({ bridge: null, vlan: 20 }), /bridge=vmbr0,.*,tag=20,/);
});
