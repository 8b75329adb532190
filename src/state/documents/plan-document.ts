/** The shape of a plan's document, `plans/<name>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { PLAN_NAME, type StoredPlan } from '../../model/stored-plan.js';
import type { DocumentKind } from './document.js';
import { PlanSchema, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const OptionSchema = Type.Object({
  name: TextSchema,
  min: Type.Number(),
  max: Type.Number(),
  step: Type.Number(),
});

const StoredPlanSchema = Type.Object({
  schema: Type.Literal(VERSIONS.plan.current),
  id: Type.String({ pattern: PLAN_NAME }),
  plan: Type.Object({ ...PlanSchema.properties, options: Type.Optional(Type.Array(OptionSchema)) }),
  createdAt: TextSchema,
  updatedAt: TextSchema,
});

const check = lazyCheck(StoredPlanSchema);

export const planKind: DocumentKind<StoredPlan> = {
  name: 'plan',
  version: VERSIONS.plan,
  fits: (value): value is StoredPlan => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
