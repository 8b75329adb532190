/** DELETE /reservations/{id} */
import { Type } from 'typebox';
import { release } from '../../../services/reservations.js';
import { jsonRoute } from '../../server/endpoint.js';
import { RESERVATION, ReservationView, viewReservation } from './reservations.js';

export const releaseRoute = jsonRoute({
  call: 'DELETE /reservations/:id',
  id: 'deleteReservation',
  tag: 'Plans',
  summary: 'End a reservation',
  description:
    'Releases the capacity that the reservation still holds. Orders that used the reservation are not ' +
    'changed. The request is safe to repeat.',
  params: Type.Object({
    id: Type.String({
      maxLength: 64,
      'x-rule': 'must be the ID of a reservation',
      description: 'The ID of the reservation.',
      examples: [RESERVATION],
    }),
  }),
  answer: ReservationView,
  answers: { 200: 'The reservation has ended.' },
  failures: ['reservation_not_found', 'state_unavailable'],
  handle: async ({ caller, params }, context) => viewReservation(await release(context, caller, params.id)),
});
