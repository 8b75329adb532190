/** Converts plans from the form of the configuration to the form of the domain model. */
import type { Plan } from '../model/plan.js';
import { isCommonOption, OPTION_FIELDS, ownValue, type PlanOption } from '../model/plan-option.js';
import type { ConfigProblem } from './error.js';
import type { PlansFile } from './schema.js';

type Entry = PlansFile['plans'][number];

export function planOf(entry: Entry): Plan {
  return {
    name: entry.name,
    aliases: entry.aliases,
    ...(entry.module === undefined ? {} : { module: entry.module }),
    ...(entry.server_group === undefined ? {} : { serverGroup: entry.server_group }),
    memoryMb: entry.memory_mb ?? 0,
    swapMb: entry.swap_mb,
    diskGb: entry.disk_gb ?? 0,
    cores: entry.cores ?? 0,
    domains: entry.domains ?? 0,
    backups: entry.backups ?? 0,
    ...(entry.pools.length === 0 ? {} : { pools: entry.pools }),
    ...(entry.location === undefined ? {} : { location: entry.location }),
    ...(entry.data === undefined ? {} : { data: entry.data }),
    ...(entry.options.length === 0 ? {} : { options: entry.options.map((one) => optionOf(entry, one)) }),
  };
}

/** If `min` is missing, the range begins at the plan's own value. */
function optionOf(entry: Entry, { name, min, max, step }: Entry['options'][number]): PlanOption {
  return { name, min: min ?? ownNumber(entry, name), max, step };
}

/** The plan's own value of an option; 0 if there is none, which `optionProblems` reports. */
function ownNumber(entry: Entry, name: string): number {
  const own = isCommonOption(name) ? entry[name] : entry.data?.[name];
  return typeof own === 'number' ? own : 0;
}

/**
 * Problems with the sizes of a plan. Only a plan that names its module may omit them, because that product may have no
 * container.
 */
export function sizeProblems(entries: readonly Entry[]): ConfigProblem[] {
  return entries.flatMap((entry, n) =>
    entry.module === undefined
      ? SIZES.filter((name) => entry[name] === undefined).map((name) => ({
          key: `plans.${n}.${name}`,
          problem: 'found nothing, expected a number (a plan may omit this only if it names its module)',
        }))
      : [],
  );
}

const SIZES = ['memory_mb', 'disk_gb', 'cores', 'domains', 'backups'] as const;

/** Problems with options: bounds that exclude the plan's own value, and options that are named twice. */
export function optionProblems(plans: readonly Plan[]): ConfigProblem[] {
  return plans.flatMap(({ options = [], ...plan }, n) =>
    options.flatMap(({ name, min, max }, at) => {
      const key = `plans.${n}.options.${at}`;
      const own = ownValue(plan, name);
      const isTwice = options.findIndex((one) => one.name === name) < at;
      return [
        ...(isTwice
          ? [{ key: `${key}.name`, problem: `found ${name} twice, expected each option once` }]
          : []),
        ...(own === undefined
          ? [
              {
                key: `${key}.name`,
                problem: `found ${name}, expected ${Object.keys(OPTION_FIELDS).join(', ')}, or a number in the plan's data`,
              },
            ]
          : []),
        ...(own !== undefined && (own < min || own > max)
          ? [
              {
                key,
                problem: `found ${min} to ${max}, expected a range that includes the plan's own value ${own}`,
              },
            ]
          : []),
      ];
    }),
  );
}

/** A name that panels send must identify exactly one plan. `names`: the names of each plan, its own name first. */
export function ambiguousPlans(key: string, names: readonly (readonly string[])[]): ConfigProblem[] {
  const seen = new Map<string, string>();
  return names.flatMap((words, n) => {
    const problems: ConfigProblem[] = [];
    const mine = `${key}.${n}`;
    for (const word of new Set(words.map((each) => each.trim().replace(/\s+/g, ' ').toLowerCase()))) {
      const other = seen.get(word);
      if (other !== undefined)
        problems.push({
          key: mine,
          problem: `found the name "${word}", which ${other} also has, expected a unique name`,
        });
      seen.set(word, mine);
    }
    return problems;
  });
}
