/** Refuses an order for an unknown plan and raises an alert, because either the panel or the agent is misconfigured. */
import { AgentError } from '../kernel/errors.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';

/** Maximum number of characters shown of a panel's plan name, which may have any length. */
const SHOWN = 64;

/** A panel's plan name, shortened for logs and alerts. */
export const shownPlan = (word: string): string => word.slice(0, SHOWN);

export function refusePlan(
  { log, plans, noticed }: Pick<OperationContext, 'log' | 'plans' | 'noticed'>,
  { panel, requestId }: Pick<Caller, 'panel' | 'requestId'>,
  word: string,
): never {
  const plan = shownPlan(word);
  log.warn({ request_id: requestId, panel, plan }, 'an order names a plan that does not exist');
  noticed?.({ kind: 'unknown_plan', panel, plan });
  throw new AgentError('unknown_plan', 'There is no plan with this name.', {
    fields: {
      plan: `must be one of: ${plans
        .all()
        .map(({ name }) => name)
        .join(', ')}`,
    },
  });
}
