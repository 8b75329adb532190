/**
 * Collects what a module declares about its tasks, schedules and event handlers. This code runs in the process that
 * reads the module.
 */
import { isFields } from '../../kernel/is-fields.js';
import type { Module } from '../kit/module.js';

const CONCURRENCY = 4;

/** The answer is checked against a schema afterwards, so values of a wrong type are passed on as they are. */
export function declaredWork(module: Module): unknown {
  const concurrency: unknown = Reflect.get(module, 'concurrency') ?? CONCURRENCY;
  return {
    concurrency,
    tasks: byName(module, 'tasks', (declared, place) => policyOf(withRun(declared, place))),
    schedules: byName(module, 'schedules', scheduleOf),
    on: byName(module, 'on', (declared, place) => policyOf(withRun(declared, place))),
  };
}

function byName(
  module: Module,
  member: string,
  read: (declared: unknown, place: string) => unknown,
): unknown {
  const declared: unknown = Reflect.get(module, member) ?? {};
  if (!isFields(declared)) return declared;
  return Object.fromEntries(
    Object.entries(declared).map(([name, one]) => [name, read(one, `${member}.${name}`)]),
  );
}

function scheduleOf(declared: unknown, place: string): unknown {
  const { every: everyS = null, cron = null, timeZone = null, ...policy } = withRun(declared, place);
  return { everyS, cron, timeZone, policy: policyOf(policy) };
}

/** Without the function. Throws an Error if there is no function. */
function withRun(declared: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof declared === 'function') return {};
  if (!isFields(declared) || typeof declared['run'] !== 'function')
    throw new Error(`its ${place} is neither a function nor has a function run`);
  const { run: _, ...rest } = declared;
  return rest;
}

/** The policy with the names that the engine uses. */
function policyOf(declared: Readonly<Record<string, unknown>>): object {
  const { backoff: backoffS, timeout: timeoutS, ...rest } = declared;
  const named = Object.entries({ backoffS, timeoutS }).filter(([, value]) => value !== undefined);
  return { ...rest, ...Object.fromEntries(named) };
}
