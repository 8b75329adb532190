/** A plan nobody sells is a mistake in the set-up of panel or agent: refused, and somebody is told. */
import { AgentError } from '../domain/errors.js';
import type { OperationContext } from './context.js';

export function refusePlan({ log, config }: Pick<OperationContext, 'log' | 'config'>, word: string): never {
  log.warn({ alarm: 'unknown_plan', plan: word }, 'an order names a plan that is not configured');
  throw new AgentError('unknown_plan', 'There is no plan with this name.', {
    fields: { plan: `must be one of: ${config.plans.map((plan) => plan.name).join(', ')}` },
  });
}
