/** The states that rows of docs/fidelity.md begin in, made on the look-alike. */
import { setTimeout as delay } from 'node:timers/promises';
import { documentedGrants } from '../../../src/sandbox/documented-grants.js';
import { type Fixture, fixture, type Teardown } from './fixture.js';

const NODE = '/nodes/pve1';
const TEMPLATE = `${NODE}/lxc/9001`;
const CT = `${NODE}/lxc/101`;

type Entering = (world: Fixture, argument: string) => Promise<void>;

/** First word of a state -> how it is entered. The container is 101 on pve1, the template 9001. */
const STATES: Readonly<Record<string, Entering>> = {
  async container({ task, ask }) {
    await done(task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper', hostname: 'ct101' }));
    // the list has the name after the next broadcast of the status daemon
    for (;;) {
      const { data } = await ask('GET', '/cluster/resources', { type: 'vm' });
      if (JSON.stringify(data).includes('ct101')) return;
      await delay(5);
    }
  },
  async running({ task }) {
    await done(task('POST', `${CT}/status/start`));
  },
  async snapshot({ task }, snapname) {
    await done(task('POST', `${CT}/snapshot`, { snapname }));
  },
  async template({ ask }) {
    await well(ask('POST', `${CT}/template`));
  },
  async locked({ pve }, lock) {
    pve.lock(101, lock);
  },
  async protected({ ask }) {
    await well(ask('PUT', `${CT}/config`, { protection: 1 }));
  },
  async ha({ ask }) {
    await well(ask('POST', '/cluster/ha/resources', { sid: 'ct:101', state: 'ignored' }));
  },
  async rule({ ask }) {
    const rule = { rule: 'r101', type: 'node-affinity', resources: 'ct:101', nodes: 'pve1' };
    await well(ask('POST', '/cluster/ha/rules', rule));
  },
  async documented({ pve }) {
    pve.setGrants(DOCUMENTED);
  },
  /** Of the request itself. */
  async authorization() {},
};

/** What docs/installing.md grants, with high availability. */
const DOCUMENTED = documentedGrants({
  pool: 'innkeeper',
  storage: 'local-btrfs',
  bridge: 'vmbr0',
  vlan: null,
  os_template: 'local:vztmpl/tiny_1_amd64.tar.gz',
  ha: { enabled: true, nodes: [], group: null },
});

async function done(exit: Promise<string>): Promise<void> {
  const status = await exit;
  if (status !== 'OK') throw new Error(`the state could not be entered: ${status}`);
}

async function well(reply: ReturnType<Fixture['ask']>): Promise<void> {
  const { status, reason } = await reply;
  if (status !== 200) throw new Error(`the state could not be entered: ${status} ${reason}`);
}

/** The cluster that every row begins with. */
export async function cluster(t: Teardown): Promise<Fixture> {
  const world = await fixture(t, {
    pools: ['innkeeper'],
    osTemplates: ['local:vztmpl/tiny_1_amd64.tar.gz'],
    templates: [
      { vmid: 9001, node: 'pve1', name: 'golden', storage: 'local-btrfs', diskGb: 1, memoryMb: 128 },
    ],
  });
  await well(world.ask('PUT', '/pools/innkeeper', { vms: 9001 }));
  return world;
}

export async function enter(world: Fixture, state: string): Promise<void> {
  const [word = '', ...rest] = state.split(' ');
  const entering = STATES[word];
  if (!entering) throw new Error(`docs/fidelity.md names a state that the test does not know: ${state}`);
  await entering(world, rest.join(' '));
}
