/** Adds a first step to a creation: the product's check of the service data, which gave no result at the order. */
import { AgentError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { StepContext } from '../../modules/kit/context.js';
import type { JobFlow, Module } from '../../modules/kit/module.js';

const CHECK = 'check-data';
const TIMEOUT_S = 60;

export function checkFirst(module: Module, flow: JobFlow): JobFlow {
  const later = ({ after = [], ...step }: JobFlow[string]): JobFlow[string] => ({
    ...step,
    after: after.length === 0 ? [CHECK] : after,
  });
  return {
    [CHECK]: { timeoutS: TIMEOUT_S, run: (context) => checkData(module, context) },
    ...Object.fromEntries(Object.entries(flow).map(([name, step]) => [name, later(step)])),
  };
}

/** The same result as in the process that checks orders (`modules/discovery/reader.ts`). */
async function checkData(module: Module, { service, plan, saveData }: StepContext): Promise<void> {
  const method: unknown = Reflect.get(module, 'checkService');
  if (typeof method !== 'function') return;
  const result: unknown = await Reflect.apply(method, module, [service.data, plan.data ?? {}]);
  if (typeof result !== 'object' || result === null) return;
  const { errors, data } = result as { errors?: Record<string, unknown>; data?: JsonObject };
  const wrong = Object.entries(errors ?? {}).map(([field, problem]) => `${field} ${String(problem)}`);
  if (wrong.length > 0)
    throw new AgentError('invalid_request', 'The product does not accept the properties of the order.', {
      retryable: false,
      detail: wrong.join('; '),
    });
  if (data) await saveData(data);
}
