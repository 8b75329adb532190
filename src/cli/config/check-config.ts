/**
 * innkeeper config check: lists all problems in the configuration, including those in the settings of products and in
 * their plans. The modules' own checks of plans run only in the daemon.
 */
import { pino } from 'pino';
import type { Config } from '../../config/config.js';
import { ConfigError, type ConfigProblem } from '../../config/error.js';
import { dataChecks } from '../../model/data-check.js';
import type { Products } from '../../modules/registry.js';
import { judgeByDeclarations, problemSentence } from '../../services/plan-judge.js';
import { productOf } from '../../services/plan-list.js';
import { openCatalogue } from '../../modules/catalogue.js';
import { loadAsService } from '../shared/of-service.js';
import { say } from '../shared/print.js';

/** Throws ConfigError. */
export async function checkConfig(file: string): Promise<void> {
  const warn = (message: string): void => void process.stderr.write(`warning: ${message}\n`);
  const config = await loadAsService(file, warn);
  const log = pino({ level: 'warn', base: null }, process.stderr);
  const { problems, products } = await openCatalogue(config, file, log);
  const all = [...problems, ...planProblems(config, products)];
  if (all.length > 0) throw new ConfigError(file, all);
  say(`${file} is valid.`);
}

function planProblems(config: Config, products: Products): ConfigProblem[] {
  const checks = dataChecks();
  return config.plans.flatMap((plan) => {
    const product = products.find(productOf(plan, config));
    const problem = problemSentence(judgeByDeclarations(plan, product, checks));
    return problem === null ? [] : [{ key: `plans (${plan.name})`, problem }];
  });
}
