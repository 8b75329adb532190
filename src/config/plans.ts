/** Converts plans from the form of the configuration to the form of the domain model. */
import type { Plan } from '../model/plan.js';
import { OPTION_FIELDS, type PlanOption } from '../model/plan-option.js';
import type { ConfigProblem } from './error.js';
import type { PlansFile } from './schema.js';

type Entry = PlansFile['plans'][number];

export function planOf(entry: Entry): Plan {
  return {
    name: entry.name,
    aliases: entry.aliases,
    memoryMb: entry.memory_mb,
    swapMb: entry.swap_mb,
    diskGb: entry.disk_gb,
    cores: entry.cores,
    domains: entry.domains,
    backups: entry.backups,
    ...(entry.options.length === 0 ? {} : { options: entry.options.map((one) => optionOf(entry, one)) }),
  };
}

/** If `min` is missing, the range begins at the plan's own value. */
function optionOf(entry: Entry, { name, min, max, step }: Entry['options'][number]): PlanOption {
  return { name, min: min ?? entry[name], max, step };
}

/** Problems with options: bounds that exclude the plan's own value, and options that are named twice. */
export function optionProblems(plans: readonly Plan[]): ConfigProblem[] {
  return plans.flatMap(({ options = [], ...plan }, n) =>
    options.flatMap(({ name, min, max }, at) => {
      const key = `plans.${n}.options.${at}`;
      const own = plan[OPTION_FIELDS[name]];
      const isTwice = options.findIndex((one) => one.name === name) < at;
      return [
        ...(isTwice
          ? [{ key: `${key}.name`, problem: `found ${name} twice, expected each option once` }]
          : []),
        ...(own < min || own > max
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
