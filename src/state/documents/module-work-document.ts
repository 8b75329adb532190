/** The shape of the document about a module's schedules and event handlers, `module-work/<id>.json`. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ModuleWork } from '../../model/module-work.js';
import type { DocumentKind } from './document.js';
import { NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const ModuleWorkSchema = Type.Object({
  schema: Type.Literal(VERSIONS.moduleWork.current),
  id: Type.String({ minLength: 1 }),
  module: Type.Object({ type: TextSchema, name: TextSchema }),
  cursor: NullableText,
  schedules: Type.Record(
    Type.String(),
    Type.Object({ times: TextSchema, lastAt: NullableText, nextAt: NullableText, lastTask: NullableText }),
  ),
});

const check = Compile(ModuleWorkSchema);

export const moduleWorkKind: DocumentKind<ModuleWork> = {
  name: 'moduleWork',
  version: VERSIONS.moduleWork,
  fits: (value): value is ModuleWork => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
