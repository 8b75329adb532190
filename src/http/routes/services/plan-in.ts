/** The fields of requests that name a plan and a product. */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';

export const PlanIn = Type.String({
  minLength: 1,
  maxLength: 200,
  'x-rule': 'must be the name of a plan',
  description: 'The name or an alias of the plan, in upper or lower case.',
  examples: ['basic'],
});

export const OptionsIn = Type.Optional(
  Type.Unsafe<JsonObject>({
    type: 'object',
    'x-rule': 'must be an object',
    additionalProperties: true,
    description:
      'The options of the plan (`GET /plans`). The value of an option is the total, or an increase ' +
      'over the plan such as `+20`. If the plan stays the same, omitted options keep their values.',
    examples: [{}],
  }),
);

export const ProductIn = Type.Optional(
  Type.String({
    maxLength: 64,
    'x-rule': 'must be the name of a product',
    description:
      'The product module. If the field is omitted, the product of the plan is used, or else the default ' +
      'product of the configuration.',
    examples: ['wordpress'],
  }),
);
