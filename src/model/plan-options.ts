/** Options of an order: fields of the plan that it may set, each with bounds and steps. */
import type { JsonObject } from '../kernel/json.js';
import {
  type ChosenOptions,
  OPTION_FIELDS,
  OPTION_NAMES,
  type OptionName,
  type PlanOption,
} from './plan-option.js';
import type { Plan } from './plan.js';

export interface OptionsRead {
  readonly chosen: ChosenOptions;
  /** `properties.<name>` -> its problem. */
  readonly problems: Readonly<Record<string, string>>;
}

/** Reads the options among an order's properties; all other properties belong to the product. */
export function readOptions(plan: Plan, properties: JsonObject = {}): OptionsRead {
  const chosen: Partial<Record<OptionName, number>> = {};
  const problems: Record<string, string> = {};
  for (const name of OPTION_NAMES) {
    const sent = properties[name];
    if (sent === undefined || sent === null || sent === '') continue;
    const option = plan.options?.find((one) => one.name === name);
    const value = valueOf(sent, plan[OPTION_FIELDS[name]]);
    if (!option) problems[`properties.${name}`] = `is not an option of the plan ${plan.name}`;
    else if (value === undefined || !isAllowed(option, value, plan))
      problems[`properties.${name}`] = rule(option, plan);
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

function isAllowed({ name, min, max, step }: PlanOption, value: number, plan: Plan): boolean {
  return value >= min && value <= max && (value - plan[OPTION_FIELDS[name]]) % step === 0;
}

function rule({ name, min, max, step }: PlanOption, plan: Plan): string {
  const own = plan[OPTION_FIELDS[name]];
  const steps = step === 1 ? '' : `, in steps of ${step} from ${own}`;
  return `must be a whole number from ${min} to ${max}${steps}, or "+N" for N more than ${own}`;
}

/**
 * The plan as sold with these options. The list of available options is left out, because it belongs to the
 * configuration.
 */
export function soldWith({ options: _, ...plan }: Plan, chosen: ChosenOptions): Plan {
  const names = OPTION_NAMES.filter((name) => chosen[name] !== undefined);
  if (names.length === 0) return plan;
  const values = Object.fromEntries(names.map((name) => [OPTION_FIELDS[name], chosen[name]]));
  return { ...plan, ...values, chosen };
}
