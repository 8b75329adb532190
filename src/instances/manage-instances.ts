/** Creates, changes and removes the instances of notification and payment modules. */
import { randomBytes } from 'node:crypto';
import { type Clock, instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import type { Json, JsonObject } from '../kernel/json.js';
import type { DataChecks } from '../model/data-check.js';
import { secretFields } from '../model/data-schema.js';
import type { InstanceType, ModuleInstance } from '../model/module-instance.js';
import type { ModuleView } from '../model/module-view.js';
import { MASK, withReferences } from '../model/service-data.js';
import type { State } from '../state/contract.js';

export interface InstancesContext {
  readonly state: Pick<State, 'instances'>;
  readonly clock: Clock;
  readonly dataChecks: DataChecks;
  readonly modules: () => readonly ModuleView[];
}

export interface InstanceRequest {
  readonly name?: string | undefined;
  readonly data: JsonObject;
}

const MOST_INSTANCES = 1_000;
const ID_BYTES = 9;

export function listInstances(
  { state }: Pick<InstancesContext, 'state'>,
  type: InstanceType,
): ModuleInstance[] {
  return state.instances.list().filter((one) => one.type === type);
}

/** Throws `instance_not_found`. */
export function readInstance(
  { state }: Pick<InstancesContext, 'state'>,
  type: InstanceType,
  id: string,
): ModuleInstance {
  const found = state.instances.find(id);
  if (found?.type === type) return found;
  throw notFound();
}

/**
 * `id`: chosen by the caller, or random. Throws `module_not_found`, `invalid_request` for data that the module does not
 * accept, `instance_exists`, `quota_reached` and `state_unavailable`.
 */
export async function createInstance(
  context: InstancesContext,
  type: InstanceType,
  {
    id = newId(),
    module,
    name = id,
    data,
  }: InstanceRequest & { readonly id?: string | undefined; readonly module: string },
): Promise<ModuleInstance> {
  const { state, clock } = context;
  const schema = schemaOf(context, type, module);
  if (!schema)
    throw new AgentError('module_not_found', `There is no ${type} module with this name that is in use.`);
  const checked = checkedData(context, schema, data);
  if (state.instances.list().length >= MOST_INSTANCES)
    throw new AgentError('quota_reached', `Instance limit reached (${MOST_INSTANCES} of ${MOST_INSTANCES})`);
  const now = instant(clock);
  return state.instances.commit(id, (current) => {
    if (current) throw new AgentError('instance_exists', `Another channel or gateway has the ID ${id}.`);
    return { ...checked, id, type, module, name, createdAt: now, updatedAt: now };
  });
}

/**
 * Replaces the name and all data. A secret whose value is the mask stays as it is. Throws `instance_not_found`,
 * `invalid_request`, `module_unavailable` and `state_unavailable`.
 */
export async function replaceInstance(
  context: InstancesContext,
  type: InstanceType,
  id: string,
  { name, data }: InstanceRequest,
): Promise<ModuleInstance> {
  const before = readInstance(context, type, id);
  const schema = schemaOf(context, type, before.module);
  if (!schema)
    throw new AgentError('module_unavailable', 'The module of this instance cannot be used at the moment.', {
      detail: `${type}/${before.module} cannot check the data`,
    });
  const { data: next, secrets } = checkedData(context, schema, withKept(schema, data, before));
  return context.state.instances.commit(id, (current) => {
    if (!current) throw notFound();
    const own = Object.entries(current.secrets).filter(([key]) => !key.startsWith(FIELD_PREFIX));
    return {
      ...current,
      ...{ name: name ?? current.name, data: next, secrets: { ...Object.fromEntries(own), ...secrets } },
      updatedAt: instant(context.clock),
    };
  });
}

/** Throws `instance_not_found` and `state_unavailable`. */
export async function removeInstance(
  context: Pick<InstancesContext, 'state'>,
  type: InstanceType,
  id: string,
): Promise<void> {
  readInstance(context, type, id);
  await context.state.instances.remove(id);
}

/** The prefix of the names of secrets that are fields of the data. */
const FIELD_PREFIX = 'data.';

function schemaOf(
  { modules }: Pick<InstancesContext, 'modules'>,
  type: string,
  name: string,
): JsonObject | null {
  const found = modules().find((one) => one.type === type && one.name === name && one.state === 'active');
  return found?.instanceSchema ?? null;
}

function checkedData(
  { dataChecks }: Pick<InstancesContext, 'dataChecks'>,
  schema: JsonObject,
  given: JsonObject,
): Pick<ModuleInstance, 'data' | 'secrets'> {
  const { data, problems } = dataChecks(schema)(given);
  const wrong = Object.entries(problems).map(([field, problem]) => [
    field === '' ? 'data' : `data.${field}`,
    problem,
  ]);
  if (wrong.length > 0) throw invalid(Object.fromEntries(wrong) as Record<string, string>);
  return withReferences({ schema }, data);
}

/** The data with the present values of secrets that were sent masked. */
function withKept(schema: JsonObject, data: JsonObject, { secrets }: ModuleInstance): JsonObject {
  const fields = secretFields(schema);
  const entries = Object.entries(data).flatMap(([field, value]): [string, Json][] => {
    if (!fields.includes(field) || value !== MASK) return [[field, value]];
    const kept = Object.hasOwn(secrets, `${FIELD_PREFIX}${field}`)
      ? secrets[`${FIELD_PREFIX}${field}`]
      : undefined;
    return kept ? [[field, kept.reveal()]] : [];
  });
  return Object.fromEntries(entries);
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

function notFound(): AgentError {
  return new AgentError('instance_not_found', 'There is no channel or gateway with this ID.');
}
