/**
 * Reads the plans from the configuration, or from the file that it names. Without either, the built-in plans are used.
 */
import { lazyCheck } from '../kernel/lazy-check.js';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Plan } from '../model/plan.js';
import { problemsOf } from './check.js';
import { planWordsDiffer } from './cross-checks.js';
import { DEFAULT_PLANS } from './default-plans.js';
import type { ConfigProblem } from './error.js';
import { optionProblems, planOf, sizeProblems } from './plans.js';
import { PlansFileSchema } from './schema.js';
import { readYaml, UnreadableFileError } from './yaml-file.js';

const check = lazyCheck(PlansFileSchema);
const NamesFile = Type.Object({ plans_file: Type.String() });
const HasPlans = Type.Object({ plans: Type.Unknown() });

interface PlansRead {
  readonly plans: readonly Plan[];
  readonly problems: readonly ConfigProblem[];
}

/**
 * Paths in `config` must be absolute. If the plans are in the configuration itself, the check of the configuration
 * reports their problems.
 */
export async function readPlans(config: unknown): Promise<PlansRead> {
  if (Value.Check(HasPlans, config)) {
    const inline = { plans: config.plans };
    const entries = check.Check(inline) ? inline.plans : [];
    const plans = entries.map(planOf);
    return { plans, problems: [...sizeProblems(entries), ...optionProblems(plans)] };
  }
  if (!Value.Check(NamesFile, config)) return { plans: DEFAULT_PLANS, problems: [] };
  return readPlansFile(config.plans_file);
}

async function readPlansFile(path: string): Promise<PlansRead> {
  const inFile = ({ key, problem }: ConfigProblem): ConfigProblem => ({
    key: `plans_file (${path})${key === '' ? '' : ` ${key}`}`,
    problem,
  });
  try {
    const value: unknown = Value.Default(PlansFileSchema, await readYaml(path));
    const entries = check.Check(value) ? value.plans : [];
    const plans = entries.map(planOf);
    const problems = [
      ...problemsOf(PlansFileSchema, value),
      ...planWordsDiffer(value),
      ...sizeProblems(entries),
      ...optionProblems(plans),
    ];
    return { plans, problems: problems.map(inFile) };
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    return { plans: [], problems: [inFile({ key: '', problem: error.message })] };
  }
}
