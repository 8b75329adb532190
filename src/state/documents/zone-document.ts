/** The shape of a customer zone's document, `zones/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { ZoneRecord } from '../contract.js';
import type { DocumentKind } from './document.js';
import { TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const ZoneSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  zone: TextSchema,
  panel: TextSchema,
  userId: TextSchema,
  createdAt: TextSchema,
  making: Type.Optional(Type.Boolean()),
  delegated: Type.Optional(Type.Boolean()),
  goneAt: Type.Optional(TextSchema),
  goneRecords: Type.Optional(Type.Array(TextSchema)),
});

const check = lazyCheck(ZoneSchema);

export const zoneKind: DocumentKind<ZoneRecord> = {
  name: 'zone',
  version: VERSIONS.zone,
  fits: (value): value is ZoneRecord => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
