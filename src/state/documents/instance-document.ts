/** The shape of the document of a module's instance, `instances/<id>.json`. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Secret } from '../../kernel/secret.js';
import { INSTANCE_ID, INSTANCE_TYPES, type ModuleInstance } from '../../model/module-instance.js';
import type { DocumentKind } from './document.js';
import { JsonObjectSchema, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));

const InstanceSchema = Type.Object({
  schema: Type.Literal(VERSIONS.instance.current),
  id: Type.String({ pattern: INSTANCE_ID }),
  type: Type.Enum([...INSTANCE_TYPES]),
  module: TextSchema,
  name: TextSchema,
  data: JsonObjectSchema,
  secrets: Type.Record(Type.String(), SecretSchema),
  createdAt: TextSchema,
  updatedAt: TextSchema,
});

const check = Compile(InstanceSchema);

export const instanceKind: DocumentKind<ModuleInstance> = {
  name: 'instance',
  version: VERSIONS.instance,
  fits: (value): value is ModuleInstance => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
