/** How calls name a plan, and a product. */
import { Type } from 'typebox';

export const PlanIn = Type.String({
  minLength: 1,
  maxLength: 200,
  'x-rule': 'must be the name of a plan',
  description: 'The name or an alias of the plan. Case does not matter.',
  examples: ['basic'],
});

export const ProductIn = Type.Optional(
  Type.String({
    maxLength: 64,
    'x-rule': 'must be the name of a product',
    description: 'The product module. If omitted, the default of the configuration.',
    examples: ['wordpress'],
  }),
);
