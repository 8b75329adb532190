/** When tasks run, how often they are tried, and what is left of them. */
import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { listTasks } from '../../src/tasks/list-tasks.js';
import { removeFailed, retryFailed, retryTask } from '../../src/tasks/manage-tasks.js';
import { failure, OTHER, type Rig, rig, SHOP } from './rig.js';
import { testFolder } from '../test-folder.js';

const management = ({ records }: Rig) => ({ records, log: { warn: () => {} } });

t.test('a module runs its tasks four at a time, those with one key one after the other', async (t) => {
  const of = await rig(t);
  for (const input of ['a1', 'a2', 'a3'])
    await of.add({ module: SHOP, method: 'sync', input, key: 'host-a' });
  for (const input of [1, 2, 3, 4, 5]) await of.add({ module: SHOP, method: 'sync', input });
  await of.add({ module: OTHER, method: 'sync', input: 'other' });
  await of.quiet();
  t.same(of.running(), ['a1', 1, 2, 3, 'other'], 'another module has places of its own');
  await of.end(2);
  t.same(of.running(), ['a1', 1, 3, 'other', 4], 'a2 waits for a1');
  await of.end('a1');
  t.same(of.running(), [1, 3, 'other', 4, 'a2'], 'the oldest first');
  for (const input of [1, 3, 4, 'a2', 5, 'other', 'a3']) await of.end(input);
  t.same(
    of.records.list().map(({ status, input }) => [status, input]),
    Array(9).fill(['completed', null]),
    'each is recorded as completed, without its input',
  );
});

t.test('the tasks of all modules leave room for the jobs of services', async (t) => {
  const of = await rig(t, { most: 3 });
  for (const module of [SHOP, OTHER])
    for (const n of [1, 2, 3]) await of.add({ module, method: 'sync', input: `${module.name}${n}` });
  await of.quiet();
  t.equal(of.running().length, 3);
  await of.end('shop1');
  t.ok(of.running().includes('other1'), 'the module with the fewest running tasks is next');
});

t.test('a task fails for good after two errors, and an operator can retry it', async (t) => {
  const of = await rig(t);
  const { id } = await of.add({ module: SHOP, method: 'sync', input: 1, tags: ['nightly'] });
  await of.quiet();
  await of.end(1, failure({ detail: 'first' }));
  t.match(of.of(id), { status: 'waiting', attempts: 1, exceptions: 1, error: { detail: 'first' } });
  t.equal(of.of(id)?.waiting?.until, '2026-01-01T00:00:10.000Z', '10 s');
  await of.clock.turn(9_000);
  await of.quiet();
  t.same(of.running(), []);
  await of.clock.turn(2_000);
  await of.quiet();
  await of.end(1, failure({ detail: 'second' }));
  t.match(of.of(id), { status: 'failed', attempts: 2, error: { detail: 'second' }, input: 1 });
  t.same(of.of(id)?.tags, ['sync', 'nightly']);
  t.equal(await retryFailed(management(of), { tag: 'other' }), 0);
  t.equal(await retryFailed(management(of), { module: 'product/shop', tag: 'nightly' }), 1);
  await of.quiet();
  t.match(of.of(id), { status: 'running', attempts: 1 });
  await of.end(1);
  t.match(of.of(id), { status: 'completed' });
  await t.rejects(retryTask(management(of), id), { code: 'task_ended' });
  await t.rejects(retryTask(management(of), 'x'), { code: 'task_not_found' });
});

t.test('an error that cannot pass ends a task at once, and a system that is down costs no try', async (t) => {
  const of = await rig(t);
  const final = await of.add({ module: SHOP, method: 'sync', input: 'final' });
  const down = await of.add({ module: SHOP, method: 'once', input: 'down' });
  const failed = await of.add({ module: OTHER, method: 'once', input: 'once' });
  await of.quiet();
  await of.end('final', failure({ retryable: false }));
  await of.end('once', failure());
  t.match(of.of(final.id), { status: 'failed', attempts: 1 });
  t.match(of.of(failed.id), { status: 'failed' }, 'the declaration says one try');
  await of.end('down', new AgentError('remote_unreachable', 'The system does not respond.'));
  t.match(of.of(down.id), { status: 'waiting', attempts: 0, waiting: { reason: 'unreachable' } });
  await retryTask(management(of), down.id);
  await of.quiet();
  t.match(of.of(down.id), { status: 'running' }, 'begins at once');
  await of.end('down');
  t.equal(await removeFailed(management(of), { module: 'product/shop' }), 1);
  t.equal(of.of(final.id), undefined);
  t.match(of.of(failed.id), { status: 'failed' }, 'another module');
});

t.test('a delayed task begins later, and lets others pass', async (t) => {
  const of = await rig(t);
  await of.add({ module: SHOP, method: 'sync', input: 'late', delay: 3_600 });
  await of.add({ module: SHOP, method: 'sync', input: 'now' });
  await of.quiet();
  t.same(of.running(), ['now']);
  await of.end('now');
  await of.clock.turn(3_599_000);
  await of.quiet();
  t.same(of.running(), []);
  await of.clock.turn(2_000);
  await of.quiet();
  t.same(of.running(), ['late']);
});

t.test('tasks survive the death of the daemon, and acknowledged ones do not run again', async (t) => {
  const dir = testFolder(t);
  const first = await rig(t, { dir });
  for (const input of [1, 2, 3]) await first.add({ module: SHOP, method: 'sync', input });
  await first.quiet();
  await first.end(2);
  await first.die();
  const second = await rig(t, { dir, clock: first.clock });
  await second.quiet();
  t.same(second.running(), [1, 3]);
  t.match(
    second.records.list().map(({ status, crashes, attempts }) => ({ status, crashes, attempts })),
    [
      { status: 'running', crashes: 1, attempts: 1 },
      { status: 'completed', crashes: 0 },
      { status: 'running', crashes: 1, attempts: 1 },
    ],
  );
});

t.test('tasks of a module that is not active wait until it is', async (t) => {
  const of = await rig(t);
  const shop = of.modules.get('product/shop');
  await of.add({ module: SHOP, method: 'sync', input: 1, delay: 1 });
  of.modules.delete('product/shop');
  await of.clock.turn(60_000);
  await of.quiet();
  t.same(of.running(), []);
  await t.rejects(of.add({ module: SHOP, method: 'sync' }), { code: 'unknown_module' });
  if (shop) of.modules.set('product/shop', shop);
  await of.clock.turn(30_000);
  await of.quiet();
  t.same(of.running(), [1]);
});

t.test('what cannot be a task is refused with the reason', async (t) => {
  const of = await rig(t);
  const add = (also: object): Promise<unknown> => of.add({ module: SHOP, method: 'sync', ...also });
  const because = (detail: RegExp) => ({ code: 'module_failed', retryable: false, detail });
  await t.rejects(add({ method: 'nothing' }), because(/declares no task nothing/));
  await t.rejects(add({ method: 'constructor' }), because(/declares no task constructor/));
  await t.rejects(add({ input: 'x'.repeat(70_000) }), because(/the input of the task is larger than/));
  await t.rejects(add({ tries: 0 }), because(/tries of a task must be from 1 to 100/));
  await t.rejects(add({ delay: Number.NaN }), because(/delay of a task/));
  await t.rejects(add({ key: '' }), because(/key of a task/));
  await t.rejects(add({ tags: ['x'.repeat(101)] }), because(/tags/));
  await t.rejects(add({ service: 'default/1' }), { code: 'service_not_found', retryable: false });
  t.same(of.records.list(), []);
});

t.test('a list has pages, and filters by module, status and tag', async (t) => {
  const of = await rig(t);
  for (const n of [1, 2, 3, 4, 5])
    await of.add({ module: n > 3 ? OTHER : SHOP, method: 'sync', input: n, tags: [`n${n % 2}`], delay: 60 });
  const list = async (query: object): Promise<{ ids: unknown[]; next: string | null }> => {
    const page = await listTasks(of.records, { limit: 2, ...query }, () => undefined);
    return { ids: page.items.map(({ input }) => input), next: page.next };
  };
  const first = await list({});
  t.same(first.ids, [1, 2]);
  const second = await list({ cursor: first.next ?? '' });
  t.same(second.ids, [3, 4]);
  t.match(await list({ cursor: second.next ?? '' }), { ids: [5], next: null });
  t.match(await list({ module: 'product/other' }), { ids: [4, 5], next: null });
  t.match(await list({ tag: 'n0' }), { ids: [2, 4], next: null });
  t.match(await list({ status: 'failed' }), { ids: [], next: null });
  await t.rejects(list({ cursor: 'zzz' }), { code: 'invalid_request' });
});
