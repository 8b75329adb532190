/** The action that renews a subscription for another period. */
import { Type } from 'typebox';
import { AgentError } from '../../../src/kernel/errors.js';
import type { ModuleAction } from '../../../src/modules/kit/action.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import { periodOf } from './data.js';
import { subscriptionOf } from './subscription.js';
import { renewedUntil } from './term.js';

/** References that a subscription remembers. */
const MOST_REFERENCES = 50;

export const renew: ModuleAction = {
  title: 'Renew',
  description: 'Extends the subscription by the periods of its plan.',
  input: Type.Object(
    {
      periods: Type.Integer({ default: 1, minimum: 1, maximum: 10, description: 'Number of periods' }),
      reference: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 100,
          transform: ['trim'],
          description: 'Number of the invoice. A reference renews the subscription only once',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  flow: () => ({ renew: { timeoutS: 60, run } }),
};

async function run(context: StepContext): Promise<void> {
  const { plan, args, notes, collections } = context;
  const found = await subscriptionOf(context);
  if (!found) throw new AgentError('not_supported', context.t('no_subscription'));
  const { data } = found;
  const references = Array.isArray(data['references']) ? data['references'].map(String) : [];
  const reference = typeof args['reference'] === 'string' ? args['reference'] : null;
  // after a crash the step runs again, and the noted end says that this job has renewed already
  const isDone = reference !== null && references.includes(reference) && notes['until'] === undefined;
  if (isDone) return;
  const months = periodOf(plan) * Number(args['periods'] ?? 1);
  const before = typeof data['expires_at'] === 'string' ? data['expires_at'] : null;
  const until =
    notes['until'] === undefined
      ? renewedUntil(before, months, new Date())
      : (notes['until'] as string | null);
  await context.note({ until });
  await collections.update(
    'subscriptions',
    found.key,
    {
      ...data,
      expires_at: until,
      references: [...new Set([...references, ...(reference === null ? [] : [reference])])].slice(
        -MOST_REFERENCES,
      ),
    },
    found.version,
  );
  await context.saveData({ expires_at: until, renewed_at: new Date().toISOString() });
}
