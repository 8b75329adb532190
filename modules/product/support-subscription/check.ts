/**
 * The route by which the support desk checks a key. An unknown key, a deleted one and a text that is no key get the
 * same response, so the route does not show which keys exist.
 */
import { Type } from 'typebox';
import type { ModuleRequest, Reply, RequestContext } from '../../../src/modules/kit/request.js';
import type { AdminRoute } from '../../../src/modules/kit/routes.js';
import { digestOf } from './key.js';
import { stateOf } from './term.js';

const UNKNOWN = 'unknown';

export const checkRoute = {
  method: 'POST',
  path: 'check',
  name: 'check',
  permission: 'check',
  rateLimit: 60,
  // the key is in the body, because addresses are written to logs
  input: Type.Object({ key: Type.String({ maxLength: 200, description: 'The subscription key' }) }),
  handler: 'checkKey',
} as const satisfies AdminRoute;

export async function checkKey({ collections, t }: RequestContext, { input }: ModuleRequest): Promise<Reply> {
  const found = await collections.get('subscriptions', digestOf(keyOf(input)));
  if (!found) return { json: { valid: false, state: UNKNOWN, text: t(`states.${UNKNOWN}`) } };
  const { suspended, since, expires_at: expiresAt, level, response_hours, channels, grace_days } = found.data;
  const state = stateOf(
    {
      suspended: suspended === true,
      expiresAt: typeof expiresAt === 'string' ? expiresAt : null,
      graceDays: Number(grace_days ?? 0),
    },
    Date.now(),
  );
  const valid = state === 'active' || state === 'grace';
  return {
    json: {
      ...{ valid, state, text: t(`states.${state}`) },
      ...{ level: level ?? null, since: since ?? null, expires_at: expiresAt ?? null },
      ...{ response_hours: response_hours ?? null, channels: channels ?? [] },
    },
  };
}

function keyOf(input: unknown): string {
  return typeof input === 'object' && input !== null && 'key' in input ? String(input.key) : '';
}
