/** Whether the settings and data in `conformance.js` match the schemas and checks of the module. */
import { isFields } from '../../../kernel/is-fields.js';
import type { JsonObject } from '../../../kernel/json.js';
import { dataCheck } from '../../../model/data-check.js';
import type { Subject } from './conformance.js';
import type { Finding } from './lines.js';

export async function dataFindings({ module, make }: Subject): Promise<Finding[]> {
  const { settings, plan, properties, instance } = make();
  const of = (name: string): unknown => Reflect.get(module, name);
  const checked = {
    settings: withSchema(module.settings, settings),
    'plan.data': withSchema(of('productData'), plan?.data),
    properties: withSchema(of('serviceData'), properties),
    'instance.data': withSchema(of('instance'), instance && withTexts(instance.data ?? {})),
  };
  const problems = Object.entries(checked).flatMap(([what, { problems: wrong }]) =>
    Object.entries(wrong).map(([field, problem]) => `${what}.${field} ${problem}`),
  );
  const product = checked['plan.data'].data;
  problems.push(...(await ownCheck(module, 'checkProduct', [product])));
  problems.push(...(await ownCheck(module, 'checkService', [checked.properties.data, product])));
  return problems.map((problem) => ({ line: 'data', problem }));
}

function withSchema(
  schema: unknown,
  given: JsonObject = {},
): { data: JsonObject; problems: Readonly<Record<string, string>> } {
  return isFields(schema) ? dataCheck(schema)(given) : { data: given, problems: {} };
}

/** References to secrets stand in place of texts. */
function withTexts(data: JsonObject): JsonObject {
  return Object.fromEntries<JsonObject[string]>(
    Object.entries(data).map(([name, value]) => [
      name,
      isFields(value) && typeof value['secret'] === 'string' ? value['secret'] : value,
    ]),
  );
}

async function ownCheck(module: object, name: string, args: readonly JsonObject[]): Promise<string[]> {
  const check: unknown = Reflect.get(module, name);
  if (typeof check !== 'function') return [];
  try {
    const result: unknown = await Reflect.apply(check, module, [...args]);
    const errors = isFields(result) && isFields(result['errors']) ? result['errors'] : {};
    return Object.entries(errors).map(([field, problem]) => `${name}: ${field} ${String(problem)}`);
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
