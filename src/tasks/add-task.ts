/** Adds tasks of modules. */
import { v7 as uuidv7 } from 'uuid';
import { type Clock, instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { Json } from '../kernel/json.js';
import { plainJson } from '../kernel/plain-json.js';
import type { JobPolicy } from '../model/job.js';
import { type AddTask, type NewTask, TASK_RANGES } from '../model/new-task.js';
import { DEFAULT_TASK_POLICY, moduleOfTask, type Task } from '../model/task.js';
import { unusable, within } from '../jobs/engine/bounded-call.js';
import { CALL_BOUNDS } from '../modules/kit/call-bounds.js';
import type { ServiceStore } from '../state/contract.js';
import type { ActiveModule, ActiveModules } from './active-modules.js';
import type { TaskRecords } from './task-records.js';

export interface AddTaskDeps {
  readonly records: TaskRecords;
  readonly modules: ActiveModules;
  readonly services: Pick<ServiceStore, 'entry'>;
  readonly clock: Clock;
}

/** More open tasks of one module are refused: all tasks are in memory. */
const MOST_OPEN = 10_000;
const MOST_TAGS = 10;
const LONGEST_TEXT = 100;

export function taskAdder(deps: AddTaskDeps): AddTask {
  return async (wanted) => {
    const task = newTask(deps, wanted);
    refuseTooMany(deps.records, task);
    await deps.records.commit(task.id, () => task);
    return { id: task.id };
  };
}

export function refuseTooMany(records: TaskRecords, task: Pick<Task, 'module'>): void {
  if (records.of(moduleOfTask(task)).open.size < MOST_OPEN) return;
  throw new AgentError('tasks_full', 'Too many tasks wait. Please try again later.', {
    detail: `${moduleOfTask(task)} has ${MOST_OPEN} open tasks`,
    retryAfterS: 30,
  });
}

function newTask({ modules, services, clock }: AddTaskDeps, wanted: NewTask): Task {
  const { module, method, input = null, key = null, tags = [], delay = 0, service = null } = wanted;
  const active = activeModule(modules, module);
  const { tasks } = active.declared.work;
  const declared = Object.hasOwn(tasks, method) ? tasks[method] : undefined;
  if (!declared) throw unusable(`the module declares no task ${method.slice(0, LONGEST_TEXT)}`);
  inRange('delay', delay);
  const now = clock.now();
  return {
    ...freshTask({ id: uuidv7(), module: active.info, method, at: instant(clock) }),
    ...{ service: service === null ? null : serviceOf(services, service), key: checkedKey(key) },
    input: checkedInput(input),
    tags: tagsOf(method, service, tags),
    policy: { ...DEFAULT_TASK_POLICY, ...declared, ...policyOf(wanted) },
    notBefore: delay > 0 ? new Date(now + delay * 1000).toISOString() : null,
  };
}

interface Named {
  readonly id: string;
  readonly module: { readonly type: string; readonly name: string };
  readonly method: string;
  /** RFC 3339. */
  readonly at: string;
}

/** A queued task without input, with the default policy. */
export function freshTask({ id, module: { type, name }, method, at }: Named): Task {
  return {
    ...{ id, module: { type, name }, method, service: null, key: null, input: null, event: null },
    ...{ tags: [method], policy: DEFAULT_TASK_POLICY, notBefore: null, status: 'queued' },
    ...{ attempts: 0, exceptions: 0, crashes: 0, notes: {} },
    ...{ createdAt: at, startedAt: null, endedAt: null },
  };
}

export function activeModule(modules: ActiveModules, module: NewTask['module']): ActiveModule {
  const found = modules.find(module.type, module.name);
  if (found) return found;
  throw new AgentError('unknown_module', 'The product cannot be used at the moment.', {
    detail: `${module.type}/${module.name} is not active`,
  });
}

function policyOf({ tries, backoff, timeout, maxExceptions }: NewTask): Partial<JobPolicy> {
  for (const [name, value] of Object.entries({ tries, backoff, timeout, maxExceptions }))
    if (value !== undefined) inRange(name as keyof typeof TASK_RANGES, value);
  const all = { tries, backoffS: backoff, timeoutS: timeout, maxExceptions };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function inRange(name: keyof typeof TASK_RANGES, value: number): void {
  const { minimum, maximum } = TASK_RANGES[name];
  if (!(value >= minimum && value <= maximum))
    throw unusable(`${name} of a task must be from ${minimum} to ${maximum}`);
}

function checkedInput(input: Json): Json {
  return within(() => plainJson(input, 'the input of the task', { bytes: CALL_BOUNDS.call }));
}

function checkedKey(key: string | null): string | null {
  if (key === null || (key.length > 0 && key.length <= LONGEST_TEXT)) return key;
  throw unusable(`the key of a task must have 1 to ${LONGEST_TEXT} characters`);
}

function serviceOf(services: AddTaskDeps['services'], key: NonNullable<NewTask['service']>): Task['service'] {
  const entry = services.entry(key);
  if (entry) return { key, generation: entry.generation };
  throw new AgentError('service_not_found', 'There is no such service.', { retryable: false, detail: key });
}

export function tagsOf(
  method: string,
  service: NewTask['service'],
  tags: readonly string[],
): readonly string[] {
  if (tags.length > MOST_TAGS || tags.some((tag) => tag.length === 0 || tag.length > LONGEST_TEXT))
    throw unusable(`a task has at most ${MOST_TAGS} tags of 1 to ${LONGEST_TEXT} characters`);
  const id = service?.slice(service.indexOf('/') + 1);
  return [...new Set([method, ...(id === undefined ? [] : [`service:${id}`]), ...tags])];
}
