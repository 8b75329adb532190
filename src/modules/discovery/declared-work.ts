/** Collects what a module declares about its tasks. This code runs in the process that reads the module. */
import { isFields } from '../../kernel/is-fields.js';
import type { Module } from '../kit/module.js';

const CONCURRENCY = 4;

/** The answer is checked against a schema afterwards, so values of a wrong type are passed on as they are. */
export function declaredWork(module: Module): unknown {
  const tasks: unknown = Reflect.get(module, 'tasks') ?? {};
  const concurrency: unknown = Reflect.get(module, 'concurrency') ?? CONCURRENCY;
  return { concurrency, tasks: byName(tasks, 'tasks') };
}

function byName(declared: unknown, member: string): unknown {
  if (!isFields(declared)) return declared;
  return Object.fromEntries(
    Object.entries(declared).map(([name, one]) => [name, policyOf(one, `${member}.${name}`)]),
  );
}

/** The policy with the names that the engine uses. Throws an Error for a task without a function. */
function policyOf(declared: unknown, place: string): unknown {
  if (typeof declared === 'function') return {};
  if (!isFields(declared) || typeof declared['run'] !== 'function')
    throw new Error(`its ${place} is neither a function nor has a function run`);
  const { run: _, backoff: backoffS, timeout: timeoutS, ...rest } = declared;
  return { ...rest, ...named({ backoffS, timeoutS }) };
}

function named(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
