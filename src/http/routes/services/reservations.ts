/** POST /reservations */
import { Type } from 'typebox';
import type { Reservation } from '../../../model/reservation.js';
import { MOST_UNITS, reserve, TTL } from '../../../services/reservations.js';
import { instant, text, whole } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';
import { warnOfOptions } from './option-names.js';
import { OptionsIn, PlanIn, ProductIn } from './plan-in.js';

export const RESERVATION = '019ca945-0a00-7000-8000-000000000004';

export const ReservationView = Type.Object(
  {
    id: text('The ID of the reservation. Send this ID as `reservation` in an order.', RESERVATION),
    plan: PlanName,
    count: whole('The number of sites for which capacity is held.', 2),
    used: whole('The number of orders that have used the reservation.', 0),
    expires_at: instant('The time at which the reservation expires.', '2026-03-04T12:00:00.000Z'),
  },
  { title: 'Reservation', description: 'Capacity that is held for future orders.' },
);

export const reserveRoute = jsonRoute({
  call: 'POST /reservations',
  id: 'createReservation',
  tag: 'Plans',
  summary: 'Hold capacity until an invoice is paid',
  description:
    'The request creates no site. It only prevents other orders from using the addresses, VMIDs ' +
    'and node capacity that `count` sites of the plan need. A reservation expires automatically.',
  body: Type.Object({
    plan: PlanIn,
    count: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_UNITS,
        default: 1,
        'x-rule': `must be a whole number from 1 to ${MOST_UNITS}`,
        description: 'The number of sites to hold capacity for.',
        examples: [2],
      }),
    ),
    ttl: Type.Optional(
      Type.Integer({
        minimum: TTL.least,
        maximum: TTL.most,
        default: TTL.usual,
        'x-rule': `must be a whole number of seconds from ${TTL.least} to ${TTL.most}`,
        description: 'The lifetime of the reservation in seconds, at most 7 days.',
        examples: [259_200],
      }),
    ),
    properties: OptionsIn,
    module: ProductIn,
  }),
  answer: ReservationView,
  answers: { 200: 'The capacity is held for future orders.' },
  failures: [
    'unknown_plan',
    'module_conflict',
    'plan_unusable',
    'unknown_module',
    'quota_reached',
    'capacity_exhausted',
    'not_ready',
    'state_unavailable',
  ],
  handle: async ({ caller, body, request }, context) => {
    const { plan, count = 1, ttl = TTL.usual, module, properties } = body;
    warnOfOptions(request, properties);
    const made = await reserve(context, caller, { plan, count, ttlS: ttl, module, properties });
    return viewReservation(made);
  },
});

export function viewReservation({ id, plan, count, takenBy, expiresAt }: Reservation) {
  return { id, plan: plan.name, count, used: takenBy.length, expires_at: expiresAt };
}
