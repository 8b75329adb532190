/**
 * The plans that are for sale: those of the configuration, and those that were created through the API. If both have a
 * plan with the same name or alias, the plan of the configuration is sold.
 */
import type { Config } from '../config/config.js';
import { findPlan, foldedWord, type Plan, wordsOf } from '../model/plan.js';
import type { State } from '../state/contract.js';
import { type PlanJudge, problemSentence } from './plan-judge.js';

export const PLAN_SOURCES = ['file', 'api'] as const;
export type PlanSource = (typeof PLAN_SOURCES)[number];

export interface ListedPlan {
  /** With the defaults of its product data. */
  readonly plan: Plan;
  /** Plans from a `file` can be changed only there. */
  readonly source: PlanSource;
  /** Why the plan cannot be ordered, for operators; null if it can. */
  readonly problem: string | null;
}

export interface PlanList {
  /** All plans as they were written, without the defaults of their product data. */
  all(): readonly Plan[];
  list(): ListedPlan[];
  /** The plan with this name or alias, case-insensitive. */
  find(word: string): Plan | undefined;
  readonly judge: PlanJudge;
}

export interface PlanListDeps {
  readonly config: Pick<Config, 'plans' | 'modules'>;
  readonly state: Pick<State, 'plans'>;
  readonly judge: PlanJudge;
}

export function planList({ config, state, judge }: PlanListDeps): PlanList {
  const stored = storedPlans(state.plans);
  const all = (): Plan[] => [...config.plans, ...stored().plans];
  const listed = (plan: Plan, source: PlanSource): ListedPlan => {
    const verdict = judge.known(plan, productOf(plan, config));
    if (!verdict) return { plan, source, problem: 'its module has not finished checking it' };
    return { plan: withData(plan, verdict.data), source, problem: problemSentence(verdict) };
  };
  return {
    all,
    find: (word) => findPlan(config.plans, word) ?? stored().byWord.get(foldedWord(word)),
    list() {
      const { plans } = config;
      const taken = new Set(plans.flatMap(wordsOf));
      const fromFile = plans.map((plan) => listed(plan, 'file'));
      const fromApi = stored().plans.map((plan): ListedPlan => {
        const twice = wordsOf(plan).find((word) => taken.has(word));
        const entry = listed(plan, 'api');
        return twice === undefined
          ? entry
          : { ...entry, problem: `a plan in the configuration also has the name or alias "${twice}"` };
      });
      return [...fromFile, ...fromApi];
    },
    judge,
  };
}

interface StoredPlans {
  readonly plans: readonly Plan[];
  /** By each name and alias. */
  readonly byWord: ReadonlyMap<string, Plan>;
}

/** There may be many plans, and each order looks for one, so they are indexed once for each change. */
function storedPlans(store: Pick<State['plans'], 'revision' | 'list'>): () => StoredPlans {
  let known: (StoredPlans & { readonly revision: number }) | undefined;
  return () => {
    if (known?.revision === store.revision) return known;
    const plans = store.list().map(({ plan }) => plan);
    const byWord = new Map(plans.flatMap((plan) => wordsOf(plan).map((word) => [word, plan] as const)));
    known = { revision: store.revision, plans, byWord };
    return known;
  };
}

/** The product that the plan is sold for, unless the order names another one. */
export function productOf({ module }: Plan, { modules }: Pick<Config, 'modules'>): string {
  return module ?? modules.default_product;
}

/** An empty object is left out, so that plans without product data stay as they were. */
export function withData({ data: _, ...plan }: Plan, data: NonNullable<Plan['data']>): Plan {
  return Object.keys(data).length === 0 ? plan : { ...plan, data };
}
