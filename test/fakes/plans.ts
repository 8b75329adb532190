/** The plans of a configuration and a state, for products whose own checks accept everything. */
import { dataChecks } from '../../src/model/data-check.js';
import { planJudge } from '../../src/services/plan-judge.js';
import { type PlanList, planList, type PlanListDeps } from '../../src/services/plan-list.js';
import type { ProductCatalogue } from '../../src/services/context.js';

export function plansFor({
  config,
  state,
  products,
}: Omit<PlanListDeps, 'judge'> & { readonly products: Pick<ProductCatalogue, 'find'> }): PlanList {
  const accepted = { kind: 'valid', data: undefined } as const;
  const productCheck = { known: () => accepted, run: async () => accepted };
  const names = { pools: ['main', 'public'], locations: ['frankfurt'] };
  return planList({
    config,
    state,
    judge: planJudge({ products, checks: dataChecks(), productCheck, names }),
  });
}
