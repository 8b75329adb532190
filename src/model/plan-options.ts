/** Options of an order: fields of the plan that it may set, each with bounds and steps. */
import type { JsonObject } from '../kernel/json.js';
import {
  type ChosenOptions,
  isCommonOption,
  OPTION_FIELDS,
  OPTION_NAMES,
  ownValue,
  type PlanOption,
} from './plan-option.js';
import type { Plan } from './plan.js';

export interface OptionsRead {
  readonly chosen: ChosenOptions;
  /** `properties.<name>` -> its problem. */
  readonly problems: Readonly<Record<string, string>>;
}

/** The properties of an order that are options: those of every plan, and those that this plan adds. */
export function optionNames({ options = [] }: Pick<Plan, 'options'>): readonly string[] {
  return [...new Set([...OPTION_NAMES, ...options.map(({ name }) => name)])];
}

/** Reads the options among an order's properties; all other properties belong to the product. */
export function readOptions(plan: Plan, properties: JsonObject = {}): OptionsRead {
  const chosen: Record<string, number> = {};
  const problems: Record<string, string> = {};
  for (const name of optionNames(plan)) {
    const sent = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (sent === undefined || sent === null || sent === '') continue;
    const option = plan.options?.find((one) => one.name === name);
    const own = ownValue(plan, name);
    const value = own === undefined ? undefined : valueOf(sent, own);
    if (!option || own === undefined)
      problems[`properties.${name}`] = `is not an option of the plan ${plan.name}`;
    else if (value === undefined || !isAllowed(option, value, own))
      problems[`properties.${name}`] = rule(option, own);
    else chosen[name] = value;
  }
  return { chosen, problems };
}

/** Reads the requested value, which is either complete (`40`) or an increment (`+20`: the plan's value plus 20). */
function valueOf(sent: unknown, own: number): number | undefined {
  if (typeof sent === 'number') return Number.isSafeInteger(sent) ? sent : undefined;
  if (typeof sent !== 'string') return undefined;
  const [, plus, digits] = /^\s*(\+?)(\d{1,9})\s*$/.exec(sent) ?? [];
  return digits === undefined ? undefined : Number(digits) + (plus === '+' ? own : 0);
}

function isAllowed({ min, max, step }: PlanOption, value: number, own: number): boolean {
  return value >= min && value <= max && (value - own) % step === 0;
}

function rule({ min, max, step }: PlanOption, own: number): string {
  const steps = step === 1 ? '' : `, in steps of ${step} from ${own}`;
  return `must be a whole number from ${min} to ${max}${steps}, or "+N" for N more than ${own}`;
}

/**
 * The plan as sold with these options. The list of available options is left out, because it belongs to the
 * configuration.
 */
export function soldWith({ options: _, ...plan }: Plan, chosen: ChosenOptions): Plan {
  const names = Object.keys(chosen);
  if (names.length === 0) return plan;
  const sizes: Partial<Record<string, number>> = Object.fromEntries(
    names.filter(isCommonOption).map((name) => [OPTION_FIELDS[name], chosen[name]]),
  );
  const others = Object.entries(chosen).filter(([name]) => !isCommonOption(name));
  const data = others.length === 0 ? {} : { data: { ...plan.data, ...Object.fromEntries(others) } };
  return { ...plan, ...sizes, ...data, chosen };
}
