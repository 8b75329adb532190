/** The schemas of plans and services, and the documents by which a key is found. */
import { Type } from 'typebox';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { Plan } from '../../../src/model/plan.js';
import { KEY_PATTERN } from './key.js';

export const productData = Type.Object(
  {
    level: Type.String({
      default: 'standard',
      minLength: 1,
      maxLength: 64,
      transform: ['trim'],
      description: 'Level of support, as the support desk knows it',
    }),
    period_months: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 120,
      description:
        'Months until the subscription must be renewed; 0 = it is valid until it is suspended or deleted',
    }),
    grace_days: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 365,
      description: 'Days after the end during which the subscription is still valid',
    }),
    response_hours: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 8_760,
      description: 'Hours within which the support desk responds; 0 = not agreed',
    }),
    channels: Type.Array(Type.Enum(['email', 'chat', 'phone']), {
      default: ['email'],
      uniqueItems: true,
      description: 'Ways to contact the support desk',
    }),
  },
  { additionalProperties: false },
);

const Instant = Type.Union([Type.String({ maxLength: 40 }), Type.Null()]);

export const serviceData = Type.Object({
  key: Type.Optional(Type.String({ pattern: KEY_PATTERN, 'x-rule': 'is made by the product' })),
  expires_at: Type.Optional(Instant),
  renewed_at: Type.Optional(Instant),
});

/** What the support desk learns about a key. The document's key is the digest of the subscription key. */
export const subscriptions = {
  schema: Type.Object({
    suspended: Type.Boolean({ default: false }),
    since: Type.String(),
    expires_at: Instant,
    level: Type.String(),
    grace_days: Type.Integer(),
    response_hours: Type.Integer(),
    channels: Type.Array(Type.String()),
    /** The last references of renewals, each of which renews once. */
    references: Type.Array(Type.String(), { default: [] }),
  }),
  service: true,
};

/** The part of a document that the plan determines. */
export function termsOf({ data = {} }: Pick<Plan, 'data'>): JsonObject {
  const { level = 'standard', grace_days = 0, response_hours = 0, channels = [] } = data;
  return { level, grace_days, response_hours, channels };
}

export function periodOf({ data = {} }: Pick<Plan, 'data'>): number {
  return Number(data['period_months'] ?? 0);
}
