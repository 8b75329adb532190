import { pino } from 'pino';
import t from 'tap';
import WordPress from '../../modules/product/wordpress/module.js';
import type { Config, ProxmoxConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/kernel/clock.js';
import { AgentError, type ErrorCode } from '../../src/kernel/errors.js';
import { formatMark, type Mark, sameMark } from '../../src/kernel/mark.js';
import type { ExecDriver } from '../../src/drivers/exec/contract.js';
import type {
  ClusterView,
  ContainerSpec,
  ContainerState,
  GuestDriver,
  GuestView,
} from '../../src/drivers/guest/contract.js';
import { buildTemplate, type BuildTemplateOrder } from '../../src/templates/build-template.js';
import { fakeDrivers, fakeWatch } from '../fakes/drivers.js';
import { testConfig } from '../fakes/config.js';
import { registeredProduct } from '../fakes/registered-product.js';

const GIB = 2 ** 30;
const NAME = 'innkeeper-wordpress';
const product = registeredProduct(new WordPress());

interface Ct {
  node: string;
  name: string;
  template: boolean;
  mark: Mark | undefined;
  addresses: string[];
}

interface Lab {
  readonly cts: Map<number, Ct>;
  readonly calls: string[];
  readonly order: (changes?: Partial<BuildTemplateOrder>) => BuildTemplateOrder;
  /** Fails the named call once. */
  readonly fail: (call: string, error: AgentError | (() => void)) => void;
}

const ours: Mark = { agent: 'agent-1', panel: 'templates', service: 'wordpress', generation: 1 };
const aTemplate = (node: string, mark: Mark | undefined = ours): Ct => ({
  node,
  name: NAME,
  template: true,
  mark,
  addresses: [],
});

/** A cluster in memory, as far as template building looks at it. */
function lab(
  options: {
    shared?: boolean;
    nodes?: string[];
    offline?: string[];
    templates?: boolean;
    proxmox?: Partial<ProxmoxConfig>;
  } = {},
): Lab {
  const { templates = true, shared = false, nodes = ['pve1', 'pve2'], offline = [] } = options;
  const cts = new Map<number, Ct>();
  const calls: string[] = [];
  const failures = new Map<string, AgentError | (() => void)>();
  const say = (call: string): void => {
    calls.push(call);
    const failure = failures.get(call);
    failures.delete(call);
    if (failure instanceof AgentError) throw failure;
    failure?.();
  };
  const view = (): ClusterView => ({
    at: 0,
    templates,
    nodes: nodes.map((name) => ({
      name,
      online: !offline.includes(name),
      memoryBytes: 8 * GIB,
      memoryUsedBytes: 0,
    })),
    guests: [...cts].map(([vmid, ct]) => guestView(vmid, ct)),
    storages: nodes.map((node) => ({
      storage: 'disks',
      node,
      shared,
      available: !offline.includes(node),
      totalBytes: 1,
      usedBytes: 0,
    })),
  });
  const own = (vmid: number, mark: Mark): Ct | undefined => {
    const ct = cts.get(vmid);
    return ct && sameMark(ct.mark, mark) ? ct : undefined;
  };
  const guest: GuestDriver = {
    ...fakeDrivers().guest,
    usedAddresses: async () => new Set([...cts.values()].flatMap(({ addresses }) => addresses)),
    place(_wish, { nodes: [first] }) {
      if (!first) throw new AgentError('capacity_exhausted', 'No node has room.');
      return first.name;
    },
    async ensureContainer(spec: ContainerSpec) {
      say(
        `ensure ${spec.vmid} ${spec.node} ${spec.addresses.map(({ address }) => address).join() || 'no address'}`,
      );
      if (cts.has(spec.vmid) && !own(spec.vmid, spec.mark)) throw new AgentError('vmid_taken', 'taken');
      cts.set(spec.vmid, {
        node: spec.node,
        name: spec.hostname,
        template: false,
        mark: spec.mark,
        addresses: spec.addresses.map(({ address }) => address),
      });
      return { node: spec.node };
    },
    find: async ({ vmid, mark }) => {
      const ct = own(vmid, mark);
      return ct && stateView(vmid, ct);
    },
    ensureStarted: async ({ vmid }) => say(`start ${vmid}`),
    ensureStopped: async ({ vmid }) => say(`stop ${vmid}`),
    async convertToTemplate({ vmid, mark }) {
      say(`convert ${vmid}`);
      const ct = own(vmid, mark);
      if (ct) ct.template = true;
    },
    async removeContainer({ vmid, mark }) {
      say(`remove ${vmid}`);
      if (own(vmid, mark)) cts.delete(vmid);
    },
  };
  const exec: ExecDriver = {
    async run({ vmid }, { name }) {
      say(`run ${vmid} ${name}`);
      return {
        exitCode: failures.has(`exit ${name}`) ? 100 : 0,
        stdout: '',
        stderr: 'E: no such package',
        truncated: false,
      };
    },
    close: async () => {},
  };
  const watch = { ...fakeWatch(), fresh: async () => view() };
  const order = (changes: Partial<BuildTemplateOrder> = {}): BuildTemplateOrder => ({
    product,
    guest,
    exec,
    watch,
    config: configOf(options.proxmox),
    clock: systemClock,
    log: pino({ enabled: false }),
    signal: new AbortController().signal,
    ...changes,
  });
  return { cts, calls, order, fail: (call, error) => void failures.set(call, error) };
}

function guestView(vmid: number, { node, name, template }: Ct): GuestView {
  const zero = { memoryBytes: 0, memoryLimitBytes: 0, diskBytes: 0, diskLimitBytes: 0, cpu: 0 };
  return {
    ...zero,
    vmid,
    name,
    node,
    type: 'lxc',
    template,
    status: 'stopped',
    networkInBytes: 0,
    networkOutBytes: 0,
    uptimeS: 0,
    tags: [],
  };
}

function stateView(vmid: number, { node, name, mark, template }: Ct): ContainerState {
  return {
    vmid,
    node,
    power: 'stopped',
    lock: null,
    hostname: name,
    mark,
    template,
    resources: { cores: 1, memoryMb: 1, swapMb: 1, diskGb: 1 },
    ha: { managed: false, state: null },
  };
}

function configOf(changes: Partial<ProxmoxConfig> = {}): Config {
  const config = testConfig();
  const proxmox: ProxmoxConfig = {
    ...config.container_host.proxmox,
    storage: 'disks',
    template_vmids: { first: 900, last: 903 },
    os_template: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
    ...changes,
  };
  const pools = [
    { name: 'six', first: 'fd00::10', last: 'fd00::20', prefix: 64, gateway: 'fd00::1' },
    { name: 'four', first: '10.0.0.10', last: '10.0.0.12', prefix: 24, gateway: '10.0.0.12' },
  ];
  return {
    ...config,
    agent: { ...config.agent, id: 'agent-1' },
    container_host: { ...config.container_host, proxmox },
    addresses: { pools },
  };
}

const failure = async (promise: Promise<unknown>): Promise<AgentError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};
const failing = (code: ErrorCode, detail = ''): AgentError => new AgentError(code, 'Failed.', { detail });

t.test('a storage that holds no templates is told before anything is made on it', async (t) => {
  const { calls, cts, order } = lab({ templates: false });
  await t.rejects(buildTemplate(order()), {
    code: 'invalid_request',
    message: 'The configured storage does not support templates.',
    detail: /"disks".*local-lvm/,
  });
  t.same([calls, cts.size], [[], 0]);
});

t.test('makes one on every node of a storage that is not shared, and gives the address back', async (t) => {
  const { cts, calls, order } = lab({ offline: ['pve3'], nodes: ['pve1', 'pve2', 'pve3'] });
  const phases: string[] = [];
  const built = await buildTemplate(
    order({
      progress: ({ node, phase, script }) => phases.push([node, phase, script ?? ''].join(' ').trim()),
    }),
  );
  t.match(built, [
    { name: NAME, node: 'pve1', vmid: 900, outcome: 'built' },
    { name: NAME, node: 'pve2', vmid: 901, outcome: 'built' },
  ]);
  t.same(calls.slice(0, 7), [
    'ensure 900 pve1 10.0.0.10',
    'start 900',
    'run 900 wordpress/install-packages',
    'run 900 wordpress/clean',
    'stop 900',
    'ensure 900 pve1 no address',
    'convert 900',
  ]);
  t.same(phases.slice(0, 6), [
    'pve1 create',
    'pve1 start',
    'pve1 script wordpress/install-packages',
    'pve1 script wordpress/clean',
    'pve1 stop',
    'pve1 convert',
  ]);
  t.ok([...cts.values()].every((ct) => ct.template && ct.addresses.length === 0 && ct.name === NAME));
  t.equal(
    formatMark(cts.get(900)?.mark ?? { ...ours, agent: '' }),
    'innkeeper:agent-1/templates/wordpress/1',
  );
});

t.test('makes one only where the storage is shared, or where nodes are allowed', async (t) => {
  t.equal((await buildTemplate(lab({ shared: true }).order())).length, 1);
  const some = await buildTemplate(lab({ proxmox: { nodes: ['pve2'] } }).order());
  t.match(some, [{ node: 'pve2' }]);
});

t.test('keeps what is there and makes what is missing', async (t) => {
  const { cts, calls, order } = lab();
  cts.set(900, aTemplate('pve1'));
  const built = await buildTemplate(order());
  t.match(built, [
    { node: 'pve1', vmid: 900, outcome: 'kept' },
    { node: 'pve2', vmid: 901, outcome: 'built' },
  ]);
  const before = calls.length;
  t.match(await buildTemplate(order()), [{ outcome: 'kept' }, { outcome: 'kept' }]);
  t.equal(calls.length, before, 'nothing is touched the second time');
});

t.test('replacing makes the new one under a higher number first, then removes the old', async (t) => {
  const { cts, calls, order } = lab({ nodes: ['pve1'] });
  cts.set(901, aTemplate('pve1'));
  t.match(await buildTemplate(order({ replace: true })), [{ vmid: 902, outcome: 'built', left: [] }]);
  t.ok(calls.indexOf('convert 902') < calls.indexOf('remove 901'));
  t.same([...cts.keys()], [902]);
});

t.test('an old one that containers were cloned from stays, and is named', async (t) => {
  const { cts, order, fail } = lab({ nodes: ['pve1'] });
  cts.set(900, aTemplate('pve1'));
  fail('remove 900', failing('container_host_failed', 'base volume is still in use by linked clones'));
  t.match(await buildTemplate(order({ replace: true })), [{ vmid: 901, outcome: 'built', left: [900] }]);
});

t.test("somebody else's template of that name is kept, but never replaced", async (t) => {
  const { cts, calls, order } = lab({ nodes: ['pve1'] });
  cts.set(50, { ...aTemplate('pve1'), mark: undefined });
  t.match(await buildTemplate(order()), [{ vmid: 50, outcome: 'kept' }]);
  t.equal((await failure(buildTemplate(order({ replace: true })))).code, 'foreign_object');
  t.same(calls, []);
});

t.test('a failure at any point leaves nothing behind and is told as it was', async (t) => {
  for (const call of [
    'start 900',
    'run 900 wordpress/install-packages',
    'run 900 wordpress/clean',
    'stop 900',
    'ensure 900 pve1 no address',
    'convert 900',
  ]) {
    const { cts, order, fail } = lab({ nodes: ['pve1'] });
    fail(call, failing('container_host_timeout'));
    t.equal((await failure(buildTemplate(order()))).code, 'container_host_timeout', call);
    t.equal(cts.size, 0, call);
  }
});

t.test('a script that fails says which and how', async (t) => {
  const { cts, order, fail } = lab({ nodes: ['pve1'] });
  fail('exit wordpress/install-packages', failing('internal_error'));
  const error = await failure(buildTemplate(order()));
  t.match(error, {
    code: 'recipe_failed',
    detail: /wordpress\/install-packages exited with 100: E: no such package/,
  });
  t.equal(cts.size, 0);
});

t.test('what is stopped from outside is removed all the same', async (t) => {
  const { cts, order, fail } = lab({ nodes: ['pve1'] });
  const stop = new AbortController();
  fail('run 900 wordpress/clean', () => {
    stop.abort();
    throw failing('aborted');
  });
  t.equal((await failure(buildTemplate(order({ signal: stop.signal })))).code, 'aborted');
  t.equal(cts.size, 0);
});

t.test(
  'when removing fails too, the first failure is told and the next build removes the rest',
  async (t) => {
    const { cts, calls, order, fail } = lab({ nodes: ['pve1'] });
    fail('start 900', failing('container_host_failed', 'no init'));
    fail('remove 900', failing('container_host_unreachable'));
    t.equal((await failure(buildTemplate(order()))).detail, 'no init');
    t.equal(cts.size, 1);
    calls.length = 0;
    t.match(await buildTemplate(order()), [{ vmid: 900, outcome: 'built' }]);
    t.equal(calls[0], 'remove 900');
  },
);

t.test('a number that somebody takes meanwhile is passed over and left alone', async (t) => {
  const { cts, order, fail } = lab({ nodes: ['pve1'] });
  fail('ensure 900 pve1 10.0.0.10', () => {
    cts.set(900, { ...aTemplate('pve1', undefined), name: 'theirs', mark: undefined });
  });
  t.match(await buildTemplate(order()), [{ vmid: 901 }]);
  t.equal(cts.get(900)?.name, 'theirs');
});

t.test('without a free number, a free address or an OS template there is a clear error', async (t) => {
  const full = lab({ nodes: ['pve1'] });
  for (const vmid of [900, 901, 902, 903]) full.cts.set(vmid, { ...aTemplate('pve1'), name: 'other' });
  t.match(await failure(buildTemplate(full.order())), { code: 'capacity_exhausted', detail: /ends at 903/ });

  const noAddress = lab({ nodes: ['pve1'] });
  t.match(await failure(buildTemplate(noAddress.order({ isClaimed: () => true }))), {
    code: 'capacity_exhausted',
    message: /address/,
  });

  const none = lab({ proxmox: { os_template: null } });
  t.match(await failure(buildTemplate(none.order())), { code: 'template_missing', detail: /os_template/ });

  const absent = lab({ nodes: ['pve1'] });
  absent.fail(
    'ensure 900 pve1 10.0.0.10',
    failing(
      'container_host_failed',
      "unable to create CT 900 - volume 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' does not exist",
    ),
  );
  t.match(await failure(buildTemplate(absent.order())), {
    code: 'template_missing',
    detail: /is not on pve1/,
  });
});

t.test('the address lent to a build is nobody else’s', async (t) => {
  const { calls, order } = lab({ nodes: ['pve1'] });
  await buildTemplate(order({ isClaimed: (address) => address === '10.0.0.10' }));
  t.equal(calls[0], 'ensure 900 pve1 10.0.0.11');
});
