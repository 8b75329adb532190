/** The shape of a module's document, `module-records/<type>.<name>.json`. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Secret } from '../../kernel/secret.js';
import { type ModuleRecord, RECORD_STATES } from '../../model/module-record.js';
import { MODULE_TYPES } from '../../model/module-view.js';
import type { DocumentKind } from './document.js';
import { JobSchema, JsonObjectSchema, NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

/** The folder `modules` contains the copies of code. */
export const MODULE_RECORDS_FOLDER = 'module-records';

const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));
const Version = Type.Object({ version: TextSchema, hash: NullableText });
const NullableVersion = Type.Union([Version, Type.Null()]);

const ModuleRecordSchema = Type.Object({
  schema: Type.Literal(VERSIONS.module.current),
  id: Type.String({ minLength: 1 }),
  type: Type.Enum([...MODULE_TYPES]),
  name: TextSchema,
  state: Type.Enum([...RECORD_STATES]),
  reason: NullableText,
  active: NullableVersion,
  failed: NullableVersion,
  former: Type.Array(Version),
  installed: NullableVersion,
  settings: JsonObjectSchema,
  secrets: Type.Record(Type.String(), SecretSchema),
  hasData: Type.Boolean(),
  jobs: Type.Array(JobSchema),
  createdAt: TextSchema,
  updatedAt: TextSchema,
});

const check = Compile(ModuleRecordSchema);

export const moduleKind: DocumentKind<ModuleRecord> = {
  name: 'module',
  version: VERSIONS.module,
  fits: (value): value is ModuleRecord => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
