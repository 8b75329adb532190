/** The shape of an alert's document, `alerts/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { ALERT_KINDS, type AlertRecord, TOLD } from '../../model/alert.js';
import type { DocumentKind } from './document.js';
import { JsonObjectSchema, NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const AlertSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  kind: Type.Enum([...ALERT_KINDS]),
  subject: TextSchema,
  panel: NullableText,
  serviceId: NullableText,
  text: TextSchema,
  commands: Type.Optional(Type.Array(TextSchema)),
  data: JsonObjectSchema,
  raisedAt: TextSchema,
  clearedAt: NullableText,
  told: Type.Record(Type.String(), Type.Enum([...TOLD])),
});

const check = lazyCheck(AlertSchema);

export const alertKind: DocumentKind<AlertRecord> = {
  name: 'alert',
  version: VERSIONS.alert,
  fits: (value): value is AlertRecord => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
