/** How requests name a plan and a product. */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';

export const PlanIn = Type.String({
  minLength: 1,
  maxLength: 200,
  'x-rule': 'must be the name of a plan',
  description: 'The name or an alias of the plan. Case-insensitive.',
  examples: ['basic'],
});

export const OptionsIn = Type.Optional(
  Type.Unsafe<JsonObject>({
    type: 'object',
    'x-rule': 'must be an object',
    additionalProperties: true,
    description:
      'Options of the plan (`GET /plans`): the total, or an increase over the plan such as `+20`. If ' +
      'the plan stays the same, omitted options keep their values.',
    examples: [{}],
  }),
);

export const ProductIn = Type.Optional(
  Type.String({
    maxLength: 64,
    'x-rule': 'must be the name of a product',
    description: 'The product module. If omitted, the default of the configuration.',
    examples: ['wordpress'],
  }),
);
