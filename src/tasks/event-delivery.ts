/**
 * Delivers events to the handlers of modules: each event becomes one task per module that handles it. The position in
 * the event log is recorded after the tasks, and the same event always gets a task of the same ID. Every event is
 * therefore delivered at least once.
 */
import { type Clock, instant } from '../kernel/clock.js';
import { asAgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import { v7 as uuidv7 } from 'uuid';
import { type ModuleWork, workIdOf } from '../model/module-work.js';
import { keyOf } from '../model/service.js';
import { EVENT_TYPES } from '../model/service-event.js';
import { DEFAULT_TASK_POLICY, type Task, type TaskEvent, type TaskModule } from '../model/task.js';
import type { DocumentStore, EventStore, LoggedEvent } from '../state/contract.js';
import type { ActiveModule, ActiveModules } from './active-modules.js';
import { freshTask, refuseTooMany, tagsOf } from './add-task.js';
import { addOnce, idOfCause } from './added-once.js';
import type { TaskRecords } from './task-records.js';

export interface DeliveryDeps {
  readonly records: TaskRecords;
  readonly modules: ActiveModules;
  readonly work: DocumentStore<ModuleWork>;
  readonly events: Pick<EventStore, 'readAll' | 'latestOfAll'>;
  readonly clock: Clock;
  readonly warn: (message: string, module: string) => void;
}

const PAGE = 100;

/**
 * Delivers all new events of services. A module that has just become active gets only later events. If a module has too
 * many open tasks, its events stay in the log, and the other modules get theirs.
 */
export async function deliverEvents(deps: DeliveryDeps): Promise<void> {
  for (const module of deps.modules.list().filter(handlesServices))
    await deliverTo(deps, module).catch((error: unknown) => {
      if (asAgentError(error).code !== 'tasks_full') throw error;
    });
}

function handlesServices({ declared }: ActiveModule): boolean {
  return Object.keys(declared.work.on).some((type) => EVENT_TYPES.some((known) => known === type));
}

async function deliverTo(deps: DeliveryDeps, module: ActiveModule): Promise<void> {
  const { events, work, warn } = deps;
  const reader = `${module.info.type}/${module.info.name}`;
  for (;;) {
    const after = work.find(workIdOf(module.info))?.cursor ?? null;
    if (after === null) {
      await moveTo(deps, module, await events.latestOfAll(reader));
      return;
    }
    const page = await events.readAll({ reader, after, limit: PAGE });
    if (page.next === undefined) {
      warn('events were not delivered to a module, because the log no longer has its position', reader);
      await moveTo(deps, module, await events.latestOfAll(reader));
      return;
    }
    for (const event of page.events) await deliver(deps, module, asTaskEvent(event));
    if (page.events.length > 0) await moveTo(deps, module, page.next);
    if (!page.more) return;
  }
}

async function moveTo({ work }: DeliveryDeps, { info }: ActiveModule, cursor: string): Promise<void> {
  const module = { type: info.type, name: info.name };
  const id = workIdOf(module);
  await work.commit(id, (current = { id, module, cursor, schedules: {} }) => ({ ...current, cursor }));
}

/** Throws `tasks_full` if the module has too many open tasks. The events then stay in the log. */
async function deliver(
  { records, clock }: DeliveryDeps,
  module: ActiveModule,
  event: TaskEvent,
): Promise<void> {
  const { on } = module.declared.work;
  const policy = Object.hasOwn(on, event.type) ? on[event.type] : undefined;
  if (!policy) return;
  refuseTooMany(records, { module: module.info });
  const { type, name } = module.info;
  const id = idOfCause(Date.parse(event.at), type, name, event.id);
  await addOnce(records, {
    ...freshTask({ id, module: { type, name }, method: `on:${event.type}`, at: instant(clock) }),
    ...ofService(event),
    policy: { ...DEFAULT_TASK_POLICY, ...policy },
  });
}

/** The events of a service are handled one after the other. */
function ofService(event: TaskEvent): Pick<Task, 'event' | 'service' | 'key' | 'tags'> {
  const { service, type } = event;
  const key = service && keyOf(service);
  return {
    event,
    service: key ? { key, generation: service.generation } : null,
    key: key && `on:${key}`,
    tags: tagsOf(`on:${type}`, key, []),
  };
}

function asTaskEvent({ id, type, at, panel, service_id, generation, data }: LoggedEvent): TaskEvent {
  return { id, type, at, service: { panel, id: service_id, generation }, data: { ...data } };
}

export interface OwnEvent {
  readonly module: TaskModule;
  readonly word: string;
  readonly data: JsonObject;
  readonly service: TaskEvent['service'];
}

export type EmitEvent = (event: OwnEvent) => Promise<{ readonly id: string }>;

/** Delivers an event of a module to all modules that handle it. The tasks are durable when the promise resolves. */
export function eventEmitter(deps: DeliveryDeps): EmitEvent {
  return async ({ module, word, data, service }) => {
    const event: TaskEvent = {
      ...{ id: uuidv7(), type: `module:${module.type}/${module.name}:${word}`, at: instant(deps.clock) },
      ...{ service, data },
    };
    for (const one of deps.modules.list()) await deliver(deps, one, event);
    return { id: event.id };
  };
}
