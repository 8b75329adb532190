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
    id: uuid(
      'The ID of the event. An event that is returned twice after a crash has the same ID both times.',
      EVENT,
    ),
    at: instant('The time at which the event happened.'),
    type: word(EVENT_TYPES, 'The type of the event.', 'service.active'),
    service_id: ServiceId,
    generation: whole('The number of times that a service with this ID has been created.', 1),
    data: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'The details of the event. The fields depend on the type of the event.',
      examples: [{}],
      'x-any-of': [...new Set(Object.values(EVENT_DATA).map(({ data }) => data))],
    }),
  },
  { title: 'Event', description: 'A change that happened to a service.' },
);

export const eventsRoute = jsonRoute({
  call: 'GET /events',
  id: 'listEvents',
  tag: 'Services',
  summary: "List the events of the panel's services",
  description:
    'Returns events of the last 30 days, sorted from oldest to newest. Send `next_cursor` as `after` ' +
    'in the next request to continue without missing an event. A cursor is refused with 410 ' +
    '`cursor_gone` if the state was restored after the cursor was created, or if the cursor is older ' +
    'than the oldest event that is kept. In that case, get a new cursor with `after=latest`, then ' +
    'compare all services with `POST /panel/sync`. After a crash of the agent, an event may be ' +
    'returned twice with the same `id`.',
  query: Type.Object({
    after: Type.Optional(
      Type.String({
        maxLength: 200,
        description:
          'The `next_cursor` of an earlier response, or `latest`. If this parameter is omitted, the ' +
          'response starts with the oldest event that is kept.',
        examples: ['latest'],
      }),
    ),
    limit: Type.Optional(Limit),
  }),
  answer: Type.Object({
    events: Type.Array(EventView, { description: 'The events, sorted from oldest to newest.' }),
    next_cursor: text(
      'Send this value as `after` in the next request, even if there are no new events.',
      'a3d0e5c1.1842',
    ),
    more: flag('True if more events are available now.', false),
  }),
  answers: { 200: 'The events since the cursor.' },
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
