/** Alerts that a module has raised: kept over restarts and checks, until their cause, service or module is gone. */
import t from 'tap';
import { type AlertMonitor, alertMonitor } from '../../src/alerts/alert-monitor.js';
import type { ConditionSources } from '../../src/alerts/condition.js';
import { moduleAlert } from '../../src/alerts/conditions/module-alert.js';
import type { AlertSpec } from '../../src/model/alert.js';
import type { ModuleView } from '../../src/model/module-view.js';
import type { State } from '../../src/state/contract.js';
import { openState } from '../../src/state/open.js';
import { handClock } from '../fakes/clock.js';
import { aService } from '../fakes/samples.js';
import { testFolder } from '../test-folder.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const SHOP: ModuleView = {
  ...{
    type: 'product',
    name: 'shop',
    title: 'Shop',
    version: '1.0.0',
    hash: null,
    settingsSchema: null,
    productDataSchema: null,
    serviceDataSchema: null,
    instanceSchema: null,
    routes: null,
    servers: null,
  },
  ...{ parts: [], abilities: [], services: 2, state: 'active', path: '/m/product/shop', reason: null },
  ...{ available: null, formerVersions: [], jobs: [] },
};
const spec = (subject: string, also: Partial<AlertSpec> = {}): AlertSpec => ({
  ...{ kind: 'module_alert', subject, panel: null, serviceId: null, text: `${subject}.` },
  ...{ commands: ['innkeeper module show product/shop'], data: { module: 'product/shop' } },
  ...also,
});

interface World {
  modules: ModuleView[];
}

/** A monitor that can be ended and started again over the same state. */
function monitorOf(state: State, world: World, slow = async (): Promise<void> => undefined): AlertMonitor {
  const sources = { modules: () => world.modules, state } as unknown as ConditionSources;
  const condition = moduleAlert(sources);
  return alertMonitor({
    ...{ agent: 'test', alerts: state.alerts, hooks: [], clock: handClock(), log: silent },
    conditions: new Map([
      [
        'module_alert',
        async (active) => {
          const specs = await condition(active);
          await slow();
          return specs;
        },
      ],
    ]),
  });
}

const subjects = (monitor: AlertMonitor): string[] =>
  monitor
    .active('module_alert')
    .map(({ subject }) => subject)
    .sort();

t.test('it stays until it is cleared, or what it concerns is gone', async (t) => {
  const dir = testFolder(t);
  const state = await openState({ dir, key: Buffer.alloc(32, 3), clock: handClock() });
  t.teardown(() => state.close());
  await state.services.commit('default/12', () => aService({ lifecycle: 'active' }));
  const world: World = { modules: [SHOP] };
  /** Checks once, as a start does, and once more at the end. */
  const checked = async (
    work: (monitor: AlertMonitor) => Promise<void> = async () => undefined,
  ): Promise<string[]> => {
    const monitor = monitorOf(state, world);
    await work(monitor);
    monitor.start();
    await monitor.stop();
    return subjects(monitor);
  };
  const all = ['a', 'b', 'of 12'];
  const raised = checked(async (monitor) => {
    await monitor.raise(spec('a'));
    await monitor.raise(spec('b', { text: 'first' }));
    await monitor.raise(spec('b', { text: 'then' }));
    await monitor.raise(spec('of 12', { panel: 'default', serviceId: '12' }));
  });
  t.same(await raised, all);
  t.same(await checked(), all, 'over a restart');
  world.modules = [{ ...SHOP, state: 'error' }];
  t.same(await checked((monitor) => monitor.clear('module_alert', 'a')), ['b', 'of 12']);
  await state.services.commit('default/12', (service) => ({
    ...(service ?? aService()),
    lifecycle: 'terminated',
  }));
  t.same(await checked(), ['b'], 'its service was deleted');
  world.modules = [{ ...SHOP, state: 'missing' }];
  t.same(await checked(), [], 'its module is gone');
  t.match(
    state.alerts
      .list()
      .map(({ text, clearedAt }) => [text, clearedAt !== null])
      .sort(),
    [
      ['a.', true],
      ['of 12.', true],
      ['then', true],
    ],
  );
});

t.test('a check that runs meanwhile does not clear what is raised', async (t) => {
  const dir = testFolder(t);
  const state = await openState({ dir, key: Buffer.alloc(32, 3), clock: handClock() });
  t.teardown(() => state.close());
  let begun: () => void = () => {};
  const isChecking = new Promise<void>((resolve) => (begun = resolve));
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const monitor = monitorOf(state, { modules: [SHOP] }, async () => {
    begun();
    await gate;
  });
  monitor.start();
  await isChecking;
  const raised = monitor.raise(spec('meanwhile'));
  setImmediate(go);
  await raised;
  t.same(subjects(monitor), ['meanwhile']);
  await monitor.stop();
  t.same(subjects(monitor), ['meanwhile']);
});
