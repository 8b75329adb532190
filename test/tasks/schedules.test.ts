/** Recurring work of modules. */
import t, { type Test } from 'tap';
import type { DeclaredSchedule } from '../../src/modules/kit/declarations.js';
import { problemOfWork } from '../../src/modules/discovery/work-rules.js';
import { nextRun, runSchedules, viewSchedules } from '../../src/tasks/scheduler.js';
import { type Rig, rig } from './rig.js';

const schedule = (also: Partial<DeclaredSchedule>): DeclaredSchedule => ({
  ...{ everyS: null, cron: null, timeZone: null, policy: {} },
  ...also,
});
const hourly = { hourly: schedule({ everyS: 3_600, policy: { tries: 1 } }) };

const look = (of: Rig): Promise<number | undefined> =>
  runSchedules({ records: of.records, modules: of.active, work: of.state.moduleWork, clock: of.clock });
const tasksOf = ({ records }: Rig) => records.list().filter(({ module }) => module.name === 'shop');
const shown = (of: Rig) =>
  viewSchedules({ modules: of.active, work: of.state.moduleWork }, 'product', 'shop');
/** Only one of the modules. */
async function alone(t: Test): Promise<Rig> {
  const of = await rig(t, { work: { schedules: hourly } });
  of.modules.delete('product/other');
  return of;
}
/** Ends all tasks that run. */
const endAll = async (of: Rig): Promise<void> => {
  await of.quiet();
  while (of.running().length > 0) await of.end(of.running()[0]);
};

t.test('each run is a task; the last and the next run are kept and shown', async (t) => {
  const of = await alone(t);
  t.equal(await look(of), Date.parse('2026-01-01T01:00:00Z'), 'the first run is one interval later');
  t.same(tasksOf(of), []);
  await of.clock.turn(3_600_000);
  await look(of);
  await endAll(of);
  t.match(tasksOf(of), [{ method: 'schedule:hourly', status: 'completed', policy: { tries: 1 } }]);
  t.match(shown(of), [
    {
      ...{ name: 'hourly', times: 'every 3600 s', last_run: '2026-01-01T01:00:00.000Z' },
      ...{ next_run: '2026-01-01T02:00:00.000Z', last_task_id: tasksOf(of)[0]?.id },
    },
  ]);
});

t.test('missed runs are made up for once, and the rhythm stays', async (t) => {
  const of = await alone(t);
  await look(of);
  of.clock.jump(5.5 * 3_600_000);
  await look(of);
  await endAll(of);
  await look(of);
  t.equal(tasksOf(of).length, 1);
  t.match(shown(of), [{ next_run: '2026-01-01T06:00:00.000Z' }]);
});

t.test('a run does not begin while the one before has not ended', async (t) => {
  const of = await alone(t);
  await look(of);
  of.clock.jump(3_600_000);
  await look(of);
  of.clock.jump(3_600_000);
  await look(of);
  t.equal(tasksOf(of).length, 1);
  t.match(shown(of), [{ next_run: '2026-01-01T03:00:00.000Z' }], 'it is skipped');
  await endAll(of);
  of.clock.jump(3_600_000);
  await look(of);
  t.equal(tasksOf(of).length, 2);
});

t.test('a daemon that dies after the task was added does not add it again', async (t) => {
  const of = await alone(t);
  await look(of);
  const [before] = of.state.moduleWork.list();
  await of.clock.turn(3_600_000);
  await look(of);
  await endAll(of);
  // as if the second write had not been made
  if (before) await of.state.moduleWork.commit(before.id, () => before);
  await look(of);
  t.equal(tasksOf(of).length, 1);
});

t.test('nothing runs while the clock is not trusted, and other times begin anew', async (t) => {
  const of = await alone(t);
  await look(of);
  of.clock.isTrusted = false;
  of.clock.jump(86_400_000);
  t.equal(await look(of), undefined);
  t.same(tasksOf(of), []);
  of.clock.jump(-86_400_000);
  of.clock.isTrusted = true;
  const other = { hourly: schedule({ cron: '15 4 * * *', timeZone: 'Europe/Berlin' }) };
  const module = of.modules.get('product/shop');
  if (module)
    of.modules.set('product/shop', {
      ...module,
      declared: { work: { ...module.declared.work, schedules: other } },
    });
  await look(of);
  t.match(shown(of), [{ times: '15 4 * * * Europe/Berlin', next_run: '2026-01-01T03:15:00.000Z' }]);
});

/** All runs from this time on, each computed from the one before. */
function runs(cron: string, from: string, count: number): (string | null)[] {
  const found: (string | null)[] = [];
  let now = Date.parse(from);
  while (found.length < count) {
    const next = nextRun(schedule({ cron, timeZone: 'Europe/Berlin' }), now, now);
    found.push(next?.slice(0, 16) ?? null);
    if (next === null) break;
    now = Date.parse(next);
  }
  return found;
}

t.test('on the days on which the clocks change, daily work runs once, and hourly work each hour', (t) => {
  // 29 March: 02:30 does not exist, so the work runs at 03:00
  t.same(runs('30 2 * * *', '2026-03-28T12:00:00Z', 2), ['2026-03-29T01:00', '2026-03-30T00:30']);
  // 25 October: 02:30 comes twice
  t.same(runs('30 2 * * *', '2026-10-24T12:00:00Z', 2), ['2026-10-25T00:30', '2026-10-26T01:30']);
  t.same(runs('0 * * * *', '2026-03-29T00:00:00Z', 2), ['2026-03-29T01:00', '2026-03-29T02:00']);
  t.same(runs('0 * * * *', '2026-10-24T23:30:00Z', 3), [
    ...['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00'],
  ]);
  t.end();
});

t.test('declarations that cannot be right are refused with the reason', (t) => {
  const problem = (also: object): string | undefined =>
    problemOfWork({ concurrency: 4, tasks: {}, schedules: {}, on: {}, ...also });
  const of = (also: Partial<DeclaredSchedule>): string | undefined =>
    problem({ schedules: { a: schedule(also) } });
  t.equal(of({ cron: '30 2 * * 1-5', timeZone: 'Europe/Berlin' }), undefined);
  t.equal(of({ everyS: 60 }), undefined);
  t.match(of({}), /either every or cron/);
  t.match(of({ everyS: 60, cron: '* * * * *' }), /either every or cron/);
  t.match(of({ everyS: 60, timeZone: 'UTC' }), /a time zone without cron/);
  t.match(of({ cron: '* * * * * *' }), /five fields/);
  t.match(of({ cron: '61 * * * *' }), /one of them is not valid/);
  t.match(of({ cron: '* * * * *', timeZone: 'Berlin' }), /one of them is not valid/);
  t.match(of({ cron: '0 0 30 2 *' }), /never matches/);
  t.match(problem({ on: { 'service.actve': {} } }), /there is no such event/);
  t.equal(problem({ on: { 'service.active': {}, 'module:product/shop:sold': {} } }), undefined);
  t.end();
});
