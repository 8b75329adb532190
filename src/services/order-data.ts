/** The service data of an order: its properties, checked by the schema and the check of the product. */
import { invalid } from '../kernel/invalid.js';
import type { JsonObject } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';
import type { Plan } from '../model/plan.js';
import type { Service } from '../model/service.js';
import { optionNames } from '../model/plan-options.js';
import {
  type DataRules,
  type OrderedData,
  readOrdered,
  type ServiceData,
  withReferences,
  withSecrets,
} from '../model/service-data.js';
import type { OperationContext, SoldProduct } from './context.js';

export interface OrderData extends ServiceData {
  /** The properties as they are recorded: without unknown ones, and with references in place of secrets. */
  readonly properties: JsonObject | undefined;
  readonly warnings: readonly string[];
  /** Whether a property had a wrong value, so that its default is used. */
  readonly isCorrected: boolean;
  /** True if the product's own check gave no result. The first step of the creation then repeats it. */
  readonly isUnjudged: boolean;
}

export interface OrderDataRequest {
  readonly product: SoldProduct;
  readonly plan: Plan;
  /** The plan with its list of options, as it is for sale. */
  readonly options: readonly string[];
  readonly properties: JsonObject | undefined;
  /** The language of the order; null if it is not known. */
  readonly locale?: string | null;
  /** The secrets of the order that is placed again. */
  readonly secrets?: Readonly<Record<string, Secret>>;
}

type DataContext = Pick<OperationContext, 'dataChecks' | 'checkService' | 'log'>;

/** The rules for the data of this product's services; undefined if the product declares none. */
export function dataRules(
  { dataChecks }: Pick<OperationContext, 'dataChecks'>,
  { declared }: Pick<SoldProduct, 'declared'>,
  locale: string | null = null,
): DataRules | undefined {
  const { serviceData: schema } = declared;
  return schema === null ? undefined : { schema, check: dataChecks(schema), locale };
}

/**
 * Throws `invalid_request` if the service cannot be created with these properties, and what the product's check throws.
 */
export async function orderData(context: DataContext, request: OrderDataRequest): Promise<OrderData> {
  const { product, options, properties, locale = null, secrets = {} } = request;
  const rules = dataRules(context, product, locale);
  if (!rules)
    return { data: {}, secrets: {}, properties, warnings: [], isCorrected: false, isUnjudged: false };
  const sent = Object.entries(properties ?? {});
  const ofPlan = Object.fromEntries(sent.filter(([name]) => options.includes(name)));
  const own = withSecrets(
    rules,
    Object.fromEntries(sent.filter(([name]) => !options.includes(name))),
    secrets,
  );
  const first = readOrdered(rules, own, options);
  refuse(first);
  const { read, isUnjudged } = await judge(context, request, rules, own, first);
  const stored = withReferences(rules, read.data);
  const kept = Object.fromEntries(
    Object.entries(stored.data).filter(([name]) => read.accepted.includes(name)),
  );
  return {
    ...stored,
    properties: properties && { ...ofPlan, ...kept },
    warnings: read.warnings,
    isCorrected: read.replaced.length > 0,
    isUnjudged,
  };
}

/** The data of a service that is restored: it stays as it was, and only the options of the plan may differ. */
export function restoredData(
  context: Pick<OperationContext, 'dataChecks'>,
  { product, options, properties }: Omit<OrderDataRequest, 'plan'>,
  held: Service,
): OrderData {
  const isOption = ([name]: [string, unknown]): boolean => options.includes(name);
  const before = Object.entries(held.order.properties ?? {}).filter((entry) => !isOption(entry));
  const kept = {
    ...Object.fromEntries(before),
    ...Object.fromEntries(Object.entries(properties ?? {}).filter(isOption)),
  };
  return {
    ...{ data: held.data, secrets: held.secrets, warnings: [], isCorrected: false, isUnjudged: false },
    properties: dataRules(context, product) ? kept : properties,
  };
}

function refuse({ problems }: OrderedData): void {
  if (Object.keys(problems).length > 0) throw invalid(problems);
}

interface Judged {
  readonly read: OrderedData;
  readonly isUnjudged: boolean;
}

/**
 * Lets the product check the data. Fields that the product refuses get their defaults, and the product checks the data
 * once more. If it still refuses the data, the order is refused.
 */
async function judge(
  context: DataContext,
  { product, plan, options }: OrderDataRequest,
  rules: DataRules,
  own: JsonObject,
  first: OrderedData,
): Promise<Judged> {
  if (!product.declared.checks.includes('checkService')) return { read: first, isUnjudged: false };
  const check = (read: OrderedData) =>
    context.checkService(product.info.name, withReferences(rules, read.data).data, plan.data ?? {});
  let read = first;
  let end = await check(read);
  if (end.kind === 'invalid') {
    const fields = Object.entries(end.error.fields ?? {}).filter(([name]) => name in own);
    if (fields.length === 0) throw end.error;
    read = readOrdered(rules, own, options, Object.fromEntries(fields));
    refuse(read);
    end = await check(read);
    if (end.kind === 'invalid') throw end.error;
  }
  if (end.kind === 'failed') {
    context.log.error(
      { module: product.info.name, problem: end.problem },
      'the module could not check an order; the first step of the creation checks the order again',
    );
    return { read, isUnjudged: true };
  }
  return { read: end.data ? cleaned(context, rules, read, end.data) : read, isUnjudged: false };
}

/** The data that the check returned, unless it does not match the schema. Secrets are references in this data. */
function cleaned(
  context: DataContext,
  rules: DataRules,
  read: OrderedData,
  returned: JsonObject,
): OrderedData {
  const { secrets } = withReferences(rules, read.data);
  const { data, problems } = rules.check(withSecrets(rules, returned, secrets));
  if (Object.keys(problems).length === 0) return { ...read, data };
  context.log.error({ problems }, 'the check of a product returned data that does not match its schema');
  return read;
}

/** The names of the plan's options, which are no properties of the product. */
export function optionsOf(plans: OperationContext['plans'], plan: Plan): readonly string[] {
  return optionNames(plans.find(plan.name) ?? plan);
}
