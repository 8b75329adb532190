/** Changes the data of a service, as far as its product allows it (`changeable` in the schema of the data). */
import { isDeepStrictEqual } from 'node:util';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import type { JsonObject } from '../kernel/json.js';
import type { Caller } from '../model/caller.js';
import { fieldsOf, secretFields } from '../model/data-schema.js';
import { changeableFields, changeData, type DataRules, MASK } from '../model/service-data.js';
import { localeOf } from '../model/locale.js';
import type { Service } from '../model/service.js';
import { describeUnknown } from '../model/unknown-name.js';
import type { OperationContext } from './context.js';
import { dataRules } from './order-data.js';

export interface DataChange {
  readonly warnings: readonly string[];
  /** The changed service is durable when the promise resolves. Throws `state_unavailable`. */
  commit(): Promise<Service>;
}

/**
 * Checks a change without making it. Unknown properties are ignored with a warning. Throws `service_not_found`,
 * `service_terminated`, `unknown_module`, `not_supported`, and `invalid_request` if a value is wrong or cannot be
 * changed.
 */
export async function prepareDataChange(
  context: OperationContext,
  caller: Pick<Caller, 'panel'>,
  id: string,
  properties: JsonObject,
): Promise<DataChange> {
  const key = `${caller.panel}/${id}` as const;
  const service = await context.state.services.get(key);
  refuseGone(service);
  const product = context.products.get(service.module.name);
  const rules = dataRules(context, product, localeOf(service, context.config.panels));
  if (!rules) throw new AgentError('not_supported', 'The data of this service cannot be changed.');
  const { values, warnings } = readChange(rules, service, properties);
  refuseWrong(changeData(rules, service, values).problems);
  const doubt = await checked(context, rules, service, values);
  return {
    warnings: [...warnings, ...doubt],
    commit: () =>
      context.state.services.commit(key, (current = service) => {
        refuseGone(current);
        const { data, secrets, problems } = changeData(rules, current, values);
        refuseWrong(problems);
        return Object.keys(values).length === 0
          ? current
          : { ...current, data, secrets, updatedAt: instant(context.clock) };
      }),
  };
}

function refuseGone({ lifecycle }: Service): void {
  if (lifecycle === 'terminated') throw new AgentError('service_terminated', 'The service has been deleted.');
}

function refuseWrong(problems: Readonly<Record<string, string>>): void {
  const all = Object.entries(problems).map(([field, problem]) => [`properties.${field}`, problem] as const);
  if (all.length > 0) throw invalid(Object.fromEntries(all));
}

interface Change {
  readonly values: JsonObject;
  readonly warnings: readonly string[];
}

/** A form may send all fields. Fields whose values stay the same are therefore no change. */
function readChange({ schema }: DataRules, { data }: Service, properties: JsonObject): Change {
  const names = Object.keys(fieldsOf(schema));
  const secret = secretFields(schema);
  const changeable = changeableFields(schema);
  const values: JsonObject = {};
  const warnings: string[] = [];
  const problems: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const isSame = secret.includes(name) ? value === MASK : isDeepStrictEqual(value, data[name]);
    if (!names.includes(name)) warnings.push(`properties.${describeUnknown(name, names).sentence}`);
    else if (value === '' || isSame) continue;
    else if (!changeable.includes(name)) problems[name] = 'cannot be changed';
    else if (secret.includes(name) && typeof value !== 'string' && value !== null)
      problems[name] = 'must be text';
    else values[name] = value;
  }
  refuseWrong(problems);
  return { values, warnings };
}

/** Calls the product's own check. If it gives no result, the change is made with a warning. */
async function checked(
  context: OperationContext,
  rules: DataRules,
  service: Service,
  values: JsonObject,
): Promise<string[]> {
  const product = context.products.get(service.module.name);
  if (Object.keys(values).length === 0 || !product.declared.checks.includes('checkService')) return [];
  const { data } = changeData(rules, service, values);
  const end = await context.checkService(product.info.name, data, service.plan.data ?? {});
  if (end.kind === 'invalid') {
    refuseWrong(end.error.fields ?? {});
    throw end.error;
  }
  if (end.kind === 'valid') return [];
  context.log.error(
    { service_id: service.id, panel: service.panel, problem: end.problem },
    'the module could not check a change to the data of a service',
  );
  return ['The product could not check the change.'];
}
