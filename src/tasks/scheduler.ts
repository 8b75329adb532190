/**
 * Adds the tasks of schedules when they are due. A run that was missed while the agent was down, or while the clock was
 * not trusted, is made up for once. A run whose predecessor has not ended is skipped.
 */
import { Cron } from 'croner';
import { type Clock, instant } from '../kernel/clock.js';
import { isOpenTask } from '../model/task.js';
import { type ModuleWork, type ScheduleState, workIdOf } from '../model/module-work.js';
import { DEFAULT_TASK_POLICY } from '../model/task.js';
import type { DeclaredSchedule } from '../modules/kit/declarations.js';
import type { DocumentStore } from '../state/contract.js';
import type { ActiveModule, ActiveModules } from './active-modules.js';
import { addOnce, idOfCause } from './added-once.js';
import { freshTask } from './add-task.js';
import type { TaskRecords } from './task-records.js';

export interface SchedulerDeps {
  readonly records: TaskRecords;
  readonly modules: ActiveModules;
  readonly work: DocumentStore<ModuleWork>;
  readonly clock: Clock;
}

/** Adds all due tasks. Returns the time of the next run (epoch ms). */
export async function runSchedules(deps: SchedulerDeps): Promise<number | undefined> {
  if (!deps.clock.trusted()) return undefined;
  let next = Infinity;
  for (const module of deps.modules.list())
    for (const [name, schedule] of Object.entries(module.declared.work.schedules)) {
      const { nextAt } = await runSchedule(deps, module, name, schedule);
      if (nextAt !== null) next = Math.min(next, Date.parse(nextAt));
    }
  return Number.isFinite(next) ? next : undefined;
}

async function runSchedule(
  deps: SchedulerDeps,
  module: ActiveModule,
  name: string,
  schedule: DeclaredSchedule,
): Promise<ScheduleState> {
  const { records, work, clock } = deps;
  const now = clock.now();
  const times = timesOf(schedule);
  const known = work.find(workIdOf(module.info))?.schedules[name];
  if (known?.times !== times) {
    const before = { lastAt: known?.lastAt ?? null, lastTask: known?.lastTask ?? null };
    return keep(deps, module, name, { ...before, times, nextAt: nextRun(schedule, now, now) });
  }
  if (known.nextAt === null || Date.parse(known.nextAt) > now) return known;
  const nextAt = nextRun(schedule, Date.parse(known.nextAt), now);
  const before = known.lastTask === null ? undefined : records.find(known.lastTask);
  if (before && isOpenTask(before)) return keep(deps, module, name, { ...known, nextAt });
  const id = idOfCause(Date.parse(known.nextAt), module.info.type, module.info.name, name, known.nextAt);
  await addOnce(records, {
    ...freshTask({ id, module: module.info, method: `schedule:${name}`, at: instant(clock) }),
    policy: { ...DEFAULT_TASK_POLICY, ...schedule.policy },
  });
  return keep(deps, module, name, { times, lastAt: instant(clock), nextAt, lastTask: id });
}

async function keep(
  { work }: SchedulerDeps,
  { info: { type, name: moduleName } }: ActiveModule,
  name: string,
  state: ScheduleState,
): Promise<ScheduleState> {
  const module = { type, name: moduleName };
  const id = workIdOf(module);
  await work.commit(id, (current = { id, module, cursor: null, schedules: {} }) => ({
    ...current,
    schedules: { ...current.schedules, [name]: state },
  }));
  return state;
}

function timesOf({ everyS, cron, timeZone }: DeclaredSchedule): string {
  return cron === null ? `every ${everyS ?? 0} s` : `${cron} ${timeZone ?? 'UTC'}`;
}

/** The first time after `now`, in RFC 3339. `from`: a time of the same rhythm. Null if there is none. */
export function nextRun(
  { everyS, cron, timeZone }: Pick<DeclaredSchedule, 'everyS' | 'cron' | 'timeZone'>,
  from: number,
  now: number,
): string | null {
  if (cron !== null) {
    const next = new Cron(cron, { timezone: timeZone ?? 'UTC', paused: true }).nextRun(new Date(now));
    return next?.toISOString() ?? null;
  }
  const every = (everyS ?? 1) * 1000;
  return new Date(from + every * Math.max(1, Math.floor((now - from) / every) + 1)).toISOString();
}

export interface ScheduleView {
  readonly name: string;
  readonly times: string;
  readonly last_run: string | null;
  readonly next_run: string | null;
  readonly last_task_id: string | null;
}

/** The schedules of a module, in the order of their declaration. */
export function viewSchedules(
  { modules, work }: Pick<SchedulerDeps, 'modules' | 'work'>,
  type: string,
  name: string,
): ScheduleView[] {
  const declared = modules.find(type, name)?.declared.work.schedules ?? {};
  const known = work.find(workIdOf({ type, name }))?.schedules ?? {};
  return Object.entries(declared).map(([one, schedule]) => ({
    name: one,
    times: timesOf(schedule),
    last_run: known[one]?.lastAt ?? null,
    next_run: known[one]?.nextAt ?? null,
    last_task_id: known[one]?.lastTask ?? null,
  }));
}
