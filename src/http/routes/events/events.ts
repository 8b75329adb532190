/** GET /events */
import { Type } from 'typebox';
import { EVENT_TYPES } from '../../../model/service-event.js';
import { listEvents } from '../../../events/list-events.js';
import { Limit, ServiceId } from '../../schemas/common.js';
import { EVENT_DATA } from '../../schemas/event-data.js';
import { EVENT } from '../../schemas/examples.js';
import { flag, instant, text, uuid, whole, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const EventView = Type.Object(
  {
    id: uuid('The id of the event. If it comes again after a crash, it has the same id.', EVENT),
    at: instant('When it happened.'),
    type: word(EVENT_TYPES, 'What happened.', 'service.active'),
    service_id: ServiceId,
    generation: whole('How many times a service with this id was created.', 1),
    data: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'Details. Their fields depend on the type of the event.',
      examples: [{}],
      'x-any-of': [...new Set(Object.values(EVENT_DATA).map(({ data }) => data))],
    }),
  },
  { title: 'Event', description: 'Something that happened to a service.' },
);

export const eventsRoute = jsonRoute({
  call: 'GET /events',
  id: 'listEvents',
  tag: 'Services',
  summary: "List what happened to the panel's services",
  description:
    'Oldest first, kept for 30 days. Ask again with `after` set to `next_cursor`; nothing is missed in between. A cursor from before a restoration of the state, or older than what is kept, is refused with 410 `cursor_gone`: get a new one with `after=latest`, then compare all services with `POST /panel/sync`. After a crash of the agent an event may come twice, with the same `id`.',
  query: Type.Object({
    after: Type.Optional(
      Type.String({
        maxLength: 200,
        description: '`next_cursor` of an earlier answer, or `latest`. If omitted, everything that is kept.',
        examples: ['latest'],
      }),
    ),
    limit: Type.Optional(Limit),
  }),
  answer: Type.Object({
    events: Type.Array(EventView, { description: 'The events, oldest first.' }),
    next_cursor: text('Pass it as `after` next time, also when there is nothing new.', 'a3d0e5c1.1842'),
    more: flag('True: there is more to read at once.', false),
  }),
  answers: { 200: 'What happened since.' },
  failures: ['cursor_gone', 'state_unavailable'],
  handle: async ({ caller, query }, context) => {
    const { after, limit = 100 } = query;
    const page = await listEvents(context, caller, { after, limit });
    return {
      events: page.events.map(({ panel: _, ...event }) => event),
      next_cursor: page.next,
      more: page.more,
    };
  },
});
