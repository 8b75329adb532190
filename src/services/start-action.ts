/** Starts one of the product's own actions for a service. */
import { AgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import type { JsonObject } from '../kernel/json.js';
import type { Caller } from '../model/caller.js';
import { actionKind } from '../model/job-kinds.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

/**
 * Throws `not_supported` when the product has no such action, `invalid_request` when its input is wrong, and what
 * `enqueue` throws.
 */
export async function startAction(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  { name, input }: { readonly name: string; readonly input: JsonObject },
): Promise<Started> {
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  const product = context.products.get(service.module.name);
  const action = product.declared.actions.find((one) => one.name === name);
  if (!action) throw new AgentError('not_supported', 'The product of this service has no such action.');
  const args = action.input === null ? withoutInput(input) : checked(context, action.input, input);
  return enqueue(context, caller, id, { method: actionKind(product.info.name, name), args });
}

function withoutInput(input: JsonObject): JsonObject {
  if (Object.keys(input).length === 0) return {};
  throw invalid({ input: 'must be empty: the action has no input' });
}

function checked({ dataChecks }: OperationContext, schema: JsonObject, input: JsonObject): JsonObject {
  const { data, problems } = dataChecks(schema)(input);
  const wrong = Object.entries(problems).map(
    ([field, problem]) => [field === '' ? 'input' : `input.${field}`, problem] as const,
  );
  if (wrong.length > 0) throw invalid(Object.fromEntries(wrong));
  return data;
}
