/** The rules for what a module declares about its tasks, schedules and event handlers. */
import { Cron } from 'croner';
import { Type } from 'typebox';
import { EVENT_TYPES } from '../../model/service-event.js';
import { TASK_RANGES } from '../../model/new-task.js';
import type { DeclaredSchedule, DeclaredWork } from '../kit/declarations.js';

const closed = { additionalProperties: false } as const;
const MOST = 100;

const TASK_NAME = '^[a-z][A-Za-z0-9]{0,63}$';
const OWN_EVENT = /^module:[a-z]+\/[a-z0-9]+(?:-[a-z0-9]+)*:[a-z][a-z0-9_.-]{0,63}$/;
/** Exactly five fields: work that recurs more often than once a minute is declared with `every`. */
const CRON = /^\S+(?: \S+){4}$/;

const { tries, backoff, timeout, maxExceptions } = TASK_RANGES;
const Policy = Type.Object(
  {
    tries: Type.Optional(Type.Integer(tries)),
    backoffS: Type.Optional(Type.Number(backoff)),
    timeoutS: Type.Optional(Type.Number(timeout)),
    maxExceptions: Type.Optional(Type.Integer(maxExceptions)),
  },
  closed,
);

const text = Type.Union([Type.String({ maxLength: 100 }), Type.Null()]);
const Schedule = Type.Object(
  {
    everyS: Type.Union([Type.Integer({ minimum: 10, maximum: 2_678_400 }), Type.Null()]),
    ...{ cron: text, timeZone: text, policy: Policy },
  },
  closed,
);

export const WorkSchema = Type.Object(
  {
    concurrency: Type.Integer({ minimum: 1, maximum: 16 }),
    tasks: Type.Record(Type.String({ pattern: TASK_NAME }), Policy, { ...closed, maxProperties: MOST }),
    schedules: Type.Record(Type.String({ pattern: TASK_NAME }), Schedule, { ...closed, maxProperties: MOST }),
    on: Type.Record(Type.String({ minLength: 1, maxLength: 200 }), Policy, { maxProperties: MOST }),
  },
  closed,
);

/** What is wrong, beginning with the place in the declarations; undefined if nothing is. */
export function problemOfWork({ schedules, on }: DeclaredWork): string | undefined {
  for (const type of Object.keys(on))
    if (!EVENT_TYPES.some((known) => known === type) && !OWN_EVENT.test(type))
      return `on has a handler for "${type}", and there is no such event`;
  for (const [name, schedule] of Object.entries(schedules)) {
    const problem = problemOfSchedule(schedule);
    if (problem !== undefined) return `schedules.${name} ${problem}`;
  }
  return undefined;
}

function problemOfSchedule({ everyS, cron, timeZone }: DeclaredSchedule): string | undefined {
  if ((everyS === null) === (cron === null)) return 'must have either every or cron';
  if (cron === null) return timeZone === null ? undefined : 'has a time zone without cron';
  if (!CRON.test(cron)) return 'must have a cron expression with five fields';
  try {
    return new Cron(cron, { timezone: timeZone ?? 'UTC', paused: true }).nextRun() === null
      ? 'has a cron expression that never matches'
      : undefined;
  } catch {
    return `has the cron expression "${cron}" in the time zone "${timeZone ?? 'UTC'}", and one of them is not valid`;
  }
}
