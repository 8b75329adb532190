/** Stores what a step saves in the data of its service, checked by the schema of the product. */
import type { JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { changeData, type DataRules } from '../../model/service-data.js';
import type { Service } from '../../model/service.js';
import { CALL_BOUNDS } from '../../modules/kit/call-bounds.js';
import { unusable, within } from '../engine/bounded-call.js';
import type { EffectOf } from './effect.js';

export const saveData: EffectOf<'data.save'> = async ({ journal, deps }, values) => {
  const job = await journal.job();
  await journal.changeSubject((service) => savedData(service, deps.dataRules?.(service, job), values));
};

/** The service with the values merged into its data. Throws `module_failed` for values that do not fit the rules. */
export function savedData(service: Service, rules: DataRules | undefined, values: JsonObject): Service {
  if (!rules) return bounded({ ...service, data: { ...service.data, ...values } });
  const { data, secrets, problems } = changeData(rules, service, values);
  const wrong = Object.entries(problems).map(([field, problem]) => `${field} ${problem}`);
  if (wrong.length > 0) throw unusable(`data.save: ${wrong.join('; ')}`);
  return bounded({ ...service, data, secrets });
}

function bounded(service: Service): Service {
  within(() => plainJson(service.data, 'the data of the service', { bytes: CALL_BOUNDS.data }));
  return service;
}
