/** Plans from the configuration's words to the domain's. */
import type { Plan } from '../model/plan.js';
import type { ConfigProblem } from './error.js';
import type { PlansFile } from './schema.js';

export function planOf(entry: PlansFile['plans'][number]): Plan {
  return {
    name: entry.name,
    aliases: entry.aliases,
    memoryMb: entry.memory_mb,
    swapMb: entry.swap_mb,
    diskGb: entry.disk_gb,
    cores: entry.cores,
    domains: entry.domains,
    backups: entry.backups,
  };
}

/** A word that panels send must lead to one plan only. `names`: the words of each plan, its name first. */
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
          problem: `found the word "${word}", which leads to ${other} too, expected another`,
        });
      seen.set(word, mine);
    }
    return problems;
  });
}
