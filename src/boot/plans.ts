/**
 * Opens the list of plans, and the checks of modules: of the product data of plans when they are read, and of the data
 * of services when they are ordered.
 */
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { JsonObject } from '../kernel/json.js';
import type { CheckEnd } from '../model/check-end.js';
import type { DataChecks } from '../model/data-check.js';
import { readerOf } from '../modules/discovery/discover.js';
import { readLimits } from '../modules/discovery/read-module.js';
import { shippedModules } from '../modules/loader.js';
import { moduleChecks } from '../modules/module-checks.js';
import { productChecks } from '../modules/product-check.js';
import type { Products } from '../modules/registry.js';
import type { Strikes } from '../modules/strikes.js';
import { type PlanJudge, type PlanNames, planJudge, problemSentence } from '../services/plan-judge.js';
import { type PlanList, planList, productOf } from '../services/plan-list.js';
import type { State } from '../state/contract.js';

/** A panel waits for the result. */
const CHECK_SERVICE_MS = 2_000;

export interface OpenPlans {
  readonly list: PlanList;
  /**
   * Checks all plans with these products, before the products are used. Logs the plans that cannot be ordered. Never
   * rejects.
   */
  checkAll(products: Products): Promise<void>;
  /** Calls `checkService` of a module. Never rejects. */
  checkService(product: string, data: JsonObject, plan: JsonObject): Promise<CheckEnd>;
}

export interface OpenPlansDeps {
  readonly config: Config;
  readonly state: State;
  readonly products: Products;
  readonly strikes: Strikes;
  readonly checks: DataChecks;
  readonly log: Logger;
}

export async function openPlans({
  config,
  state,
  products,
  strikes,
  checks,
  log,
}: OpenPlansDeps): Promise<OpenPlans> {
  const calls = moduleChecks(readerOf(dirname(shippedModules())), strikes);
  const limits = readLimits(config.modules.read_timeout_s);
  const ofModules = await productChecks({
    checks: calls,
    limits,
    stateDir: config.agent.state_dir,
  });
  const judgeWith = (some: Products): PlanJudge =>
    planJudge({ products: some, checks, productCheck: ofModules.of(some), names: namesIn(config) });
  const list = planList({ config, state, judge: judgeWith(products) });
  return {
    list,
    async checkService(name, data, plan) {
      const product = products.find(name);
      if (!product) return { kind: 'failed', problem: 'the product cannot be used at the moment' };
      return calls.run(product, 'checkService', [data, plan], { ...limits, withinMs: CHECK_SERVICE_MS });
    },
    async checkAll(checked) {
      const judge = judgeWith(checked);
      const verdicts = list.all().map(async (plan) => {
        const problem = problemSentence(await judge.judge(plan, productOf(plan, config)));
        if (problem !== null) log.error({ plan: plan.name, problem }, 'a plan cannot be ordered');
      });
      await Promise.all(verdicts);
    },
  };
}

function namesIn({ addresses, container_host: host }: Config): PlanNames {
  return {
    pools: addresses.pools.map(({ name }) => name),
    locations: host.proxmox.locations.map(({ name }) => name),
  };
}
