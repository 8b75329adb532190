/** The document of a service's subscription. */
import { asAgentError } from '../../../src/kernel/errors.js';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { StoredDocument } from '../../../src/modules/kit/collection-types.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import { digestOf } from './key.js';

export function keyIn({ data }: StepContext['service']): string | undefined {
  return typeof data['key'] === 'string' ? data['key'] : undefined;
}

/** Null if the service has none. */
export async function subscriptionOf({ service, collections }: StepContext): Promise<StoredDocument | null> {
  const key = keyIn(service);
  return key === undefined ? null : collections.get('subscriptions', digestOf(key));
}

/** Registers the key. Does nothing if a former run of the step has registered it. */
export async function register(context: StepContext, key: string, data: JsonObject): Promise<void> {
  try {
    await context.collections.create('subscriptions', { key: digestOf(key), data });
  } catch (error) {
    if (asAgentError(error).code !== 'document_conflict') throw error;
  }
}

export async function changeSubscription(context: StepContext, change: JsonObject): Promise<void> {
  const found = await subscriptionOf(context);
  if (!found) return;
  await context.collections.update('subscriptions', found.key, { ...found.data, ...change }, found.version);
}
