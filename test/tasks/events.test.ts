/** Handlers of events. */
import t from 'tap';
import { deliverEvents, type DeliveryDeps, eventEmitter } from '../../src/tasks/event-delivery.js';
import type { Task } from '../../src/model/task.js';
import { aService } from '../fakes/samples.js';
import { type Rig, rig, SHOP } from './rig.js';

const on = { 'service.ordered': { tries: 7 }, 'service.active': {}, 'module:product/shop:sold': {} };

const delivery = (of: Rig, warned: string[] = []): DeliveryDeps => ({
  ...{ records: of.records, modules: of.active, work: of.state.moduleWork, events: of.state.events },
  ...{ clock: of.clock, warn: (message, module) => void warned.push(`${module}: ${message}`) },
});
/** An order, as the event log has it afterwards. */
async function order(of: Rig, id: string): Promise<void> {
  const added = new Promise<void>((resolve) => {
    const forget = of.state.events.onAdded(() => {
      forget();
      resolve();
    });
  });
  await of.state.services.commit(`default/${id}`, () =>
    aService({ id, lifecycle: 'creating', jobs: [], guest: null, site: null }),
  );
  await added;
}
const tasksOf = ({ records }: Rig) => records.list().filter(({ module }) => module.name === 'shop');

t.test('each event becomes one task of each module that handles it', async (t) => {
  const of = await rig(t, { work: { on } });
  await order(of, '1');
  await deliverEvents(delivery(of));
  t.same(of.records.list(), [], 'a module gets only what happens after it became active');
  await order(of, '2');
  await deliverEvents(delivery(of));
  await deliverEvents(delivery(of));
  t.equal(of.records.list().length, 2, 'two modules');
  const [task] = tasksOf(of);
  t.match(task, {
    ...{ method: 'on:service.ordered', key: 'on:default/2', policy: { tries: 7 } },
    tags: ['on:service.ordered', 'service:2'],
    event: { type: 'service.ordered', service: { panel: 'default', id: '2' }, data: { plan: String } },
  });
  t.match(task?.event?.id, /^[0-9a-f-]{36}$/);
});

t.test('a daemon that dies before it has recorded the position delivers nothing twice', async (t) => {
  const of = await rig(t, { work: { on } });
  await deliverEvents(delivery(of));
  const before = of.state.moduleWork.list();
  await order(of, '1');
  await deliverEvents(delivery(of));
  const count = of.records.list().length;
  for (const one of before) await of.state.moduleWork.commit(one.id, () => one);
  await deliverEvents(delivery(of));
  t.equal(of.records.list().length, count);
});

t.test('a module that was not active for a while gets what it missed', async (t) => {
  const of = await rig(t, { work: { on } });
  await deliverEvents(delivery(of));
  const shop = of.modules.get('product/shop');
  of.modules.delete('product/shop');
  await order(of, '1');
  await deliverEvents(delivery(of));
  t.same(tasksOf(of), []);
  if (shop) of.modules.set('product/shop', shop);
  await deliverEvents(delivery(of));
  t.equal(tasksOf(of).length, 1);
});

t.test('a position that the log no longer has is replaced by the newest one', async (t) => {
  const of = await rig(t, { work: { on } });
  await deliverEvents(delivery(of));
  for (const { id } of of.state.moduleWork.list())
    await of.state.moduleWork.commit(id, (current) => ({
      ...(current as NonNullable<typeof current>),
      cursor: 'x',
    }));
  const warned: string[] = [];
  await deliverEvents(delivery(of, warned));
  t.match(warned, [/^product\/\w+: events were not delivered/, /^product/]);
  await order(of, '1');
  await deliverEvents(delivery(of, warned));
  t.equal(of.records.list().length, 2);
});

t.test('an event of a module reaches all modules that handle it, at once', async (t) => {
  const of = await rig(t, { work: { on } });
  const emit = eventEmitter(delivery(of));
  const { id } = await emit({ module: SHOP, word: 'sold', data: { price: 7 }, service: null });
  t.match(
    of.records.list().map(({ method, event, key, service }) => ({ method, event, key, service })),
    Array(2).fill({
      ...{ method: 'on:module:product/shop:sold', key: null, service: null },
      event: { id, type: 'module:product/shop:sold', data: { price: 7 } },
    }),
  );
  await emit({ module: SHOP, word: 'other', data: {}, service: null });
  t.equal(of.records.list().length, 2, 'no module handles it');
});

t.test('a module with too many tasks does not keep the others from their events', async (t) => {
  const of = await rig(t, { work: { on } });
  await deliverEvents(delivery(of));
  await order(of, '1');
  const full = {
    ...of.records,
    of: (module: string) => {
      const open: unknown = { size: module === 'product/shop' ? 10_000 : 0 };
      return { ...of.records.of(module), open: open as ReadonlyMap<string, Task> };
    },
  };
  await deliverEvents({ ...delivery(of), records: full });
  t.same(
    of.records.list().map(({ module }) => module.name),
    ['other'],
  );
  await deliverEvents(delivery(of));
  t.equal(tasksOf(of).length, 1, 'its events stay in the log');
});
