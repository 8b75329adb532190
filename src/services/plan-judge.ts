/** Whether the product of a plan accepts the plan: its sizes, its product data, and the module's own check. */
import type { JsonObject } from '../kernel/json.js';
import type { CheckEnd } from '../model/check-end.js';
import type { DataChecks } from '../model/data-check.js';
import type { Plan } from '../model/plan.js';
import { isCommonOption, OPTION_FIELDS } from '../model/plan-option.js';
import type { Declarations } from '../modules/kit/declarations.js';
import type { PlanLimits } from '../modules/kit/product.js';

export interface PlanVerdict {
  /** The product data with the schema's defaults. */
  readonly data: JsonObject;
  /** Maps each wrong field of the plan (`memory_mb`, `data.quota_gb`) to its problem. Empty if the plan is valid. */
  readonly problems: Readonly<Record<string, string>>;
}

export interface PlanJudge {
  /** What is known now. Undefined while the module's check has not ended. */
  known(plan: Plan, product: string): PlanVerdict | undefined;
  /** Calls the module's check if its result is not known yet. Never rejects. */
  judge(plan: Plan, product: string): Promise<PlanVerdict>;
}

/** The results of the modules' own checks of product data. */
export interface ProductCheck {
  known(product: string, data: JsonObject): CheckEnd | undefined;
  /** Never rejects. */
  run(product: string, data: JsonObject): Promise<CheckEnd>;
}

/** The part of a product that a plan must match. */
export interface JudgedProduct {
  readonly declared: Pick<Declarations, 'parts' | 'productData'> &
    Partial<Pick<Declarations, 'planLimits' | 'servers'>>;
}

/** The names in the configuration to which plans may refer. */
export interface PlanNames {
  readonly pools: readonly string[];
  readonly locations: readonly string[];
}

export interface PlanJudgeDeps {
  readonly products: { find(name: string): JudgedProduct | undefined };
  readonly checks: DataChecks;
  readonly productCheck: ProductCheck;
  readonly names: PlanNames;
}

export function planJudge({ products, checks, productCheck, names }: PlanJudgeDeps): PlanJudge {
  const declared = (plan: Plan, product: string): PlanVerdict =>
    judgeByDeclarations(plan, products.find(product), checks, names);
  return {
    known(plan, product) {
      const verdict = declared(plan, product);
      if (Object.keys(verdict.problems).length > 0) return verdict;
      const end = productCheck.known(product, verdict.data);
      return end && withCheck(verdict, end);
    },
    async judge(plan, product) {
      const verdict = declared(plan, product);
      if (Object.keys(verdict.problems).length > 0) return verdict;
      return withCheck(verdict, await productCheck.run(product, verdict.data));
    },
  };
}

function withCheck({ data, problems }: PlanVerdict, end: CheckEnd): PlanVerdict {
  if (end.kind === 'valid') return { data: end.data ?? data, problems };
  if (end.kind === 'failed') return { data, problems: { data: `cannot be checked: ${end.problem}` } };
  const fields = Object.entries(end.error.fields ?? {}).map(
    ([field, problem]) => [joined(field), problem] as const,
  );
  return { data, problems: fields.length > 0 ? Object.fromEntries(fields) : { data: end.error.message } };
}

/** The verdict without the module's own check. `product` is undefined if the product cannot be used. */
export function judgeByDeclarations(
  plan: Plan,
  product: JudgedProduct | undefined,
  checks: DataChecks,
  names?: PlanNames,
): PlanVerdict {
  const { data: given = {} } = plan;
  if (!product) return { data: given, problems: { module: 'cannot be used at the moment' } };
  const { parts, productData, planLimits, servers } = product.declared;
  const sizes = parts.includes('guest') ? { ...missingSizes(plan), ...limitProblems(plan, planLimits) } : {};
  const { data, problems } = productData === null ? undeclared(given) : checks(productData)(given);
  const ofData = Object.entries(problems).map(([field, problem]) => [joined(field), problem] as const);
  const group =
    plan.serverGroup !== undefined && !servers
      ? { server_group: 'must be omitted: the product uses no servers' }
      : {};
  return {
    data,
    problems: { ...sizes, ...group, ...unknownNames(plan, names), ...Object.fromEntries(ofData) },
  };
}

function undeclared(data: JsonObject): PlanVerdict {
  const isEmpty = Object.keys(data).length === 0;
  return { data, problems: isEmpty ? {} : { '': 'must be empty: the product has no product data' } };
}

const joined = (field: string): string => (field === '' ? 'data' : `data.${field}`);

function missingSizes({ memoryMb, diskGb, cores }: Plan): Record<string, string> {
  const sizes = { memory_mb: memoryMb, disk_gb: diskGb, cores };
  const missing = Object.entries(sizes).filter(([, size]) => size === 0);
  return Object.fromEntries(missing.map(([name]) => [name, 'is missing: the product has a container']));
}

/** The plan's own sizes, and the bounds of its options, must be within the limits of the product. */
function limitProblems(plan: Plan, limits: PlanLimits | null = null): Record<string, string> {
  const entries = Object.entries(limits ?? {}).flatMap(([name, range]): [string, string][] => {
    if (!isCommonOption(name)) return [];
    const [min, max] = range;
    const within = (value: number): boolean => value >= min && value <= max;
    const option = plan.options?.find((one) => one.name === name);
    const own = plan[OPTION_FIELDS[name]];
    const rule = `must be from ${min} to ${max} for this product`;
    if (own !== 0 && !within(own)) return [[name, rule]];
    return option && !(within(option.min) && within(option.max)) ? [[`options.${name}`, rule]] : [];
  });
  return Object.fromEntries(entries);
}

function unknownNames({ pools = [], location }: Plan, names: PlanNames | undefined): Record<string, string> {
  if (!names) return {};
  const pool = pools.find((name) => !names.pools.includes(name));
  const isElsewhere = location !== undefined && !names.locations.includes(location);
  return {
    ...(pool === undefined ? {} : { pools: `names "${pool}", which is not a pool of the configuration` }),
    ...(isElsewhere ? { location: `is "${location}", which is not a location of the configuration` } : {}),
  };
}

/** One sentence for operators; null if there is no problem. */
export function problemSentence({ problems }: PlanVerdict): string | null {
  const all = Object.entries(problems).map(([field, problem]) => `${field} ${problem}`);
  return all.length === 0 ? null : all.join('; ');
}
