/** The shape of a reservation's document, `reservations/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { Reservation } from '../../model/reservation.js';
import { ID_PATTERN, type ServiceKey } from '../../model/service.js';
import type { DocumentKind } from './document.js';
import { PlanSchema, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const KEY = `${ID_PATTERN.source.slice(0, -1)}/${ID_PATTERN.source.slice(1)}`;

const ReservationSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  panel: TextSchema,
  plan: PlanSchema,
  count: Type.Integer({ minimum: 1 }),
  createdAt: TextSchema,
  expiresAt: TextSchema,
  takenBy: Type.Array(Type.Unsafe<ServiceKey>(Type.String({ pattern: KEY }))),
});

const check = lazyCheck(ReservationSchema);

export const reservationKind: DocumentKind<Reservation> = {
  name: 'reservation',
  version: VERSIONS.reservation,
  fits: (value): value is Reservation => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
