/** GET /events */
import { Type } from 'typebox';
import { EVENT_TYPES } from '../../../model/service-event.js';
import { listEvents } from '../../../events/list-events.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, Limit, success } from '../../schemas/common.js';

const EventView = Type.Object({
  id: Type.String({ format: 'uuid', description: 'To tell whether it was seen before.' }),
  at: Instant,
  type: Type.Enum([...EVENT_TYPES]),
  service_id: Type.String(),
  generation: Type.Integer({ description: 'Counts the lives of this id.' }),
  data: Type.Unsafe<object>({
    type: 'object',
    additionalProperties: true,
    description: 'What the type of event tells beside.',
  }),
});

const schema = {
  summary: "Tells what happened to the panel's services",
  description:
    'Oldest first, kept for 30 days. Ask again with `after` set to `next_cursor`; nothing is missed in between. A cursor that nothing can be told behind (the state was restored, or 30 days have passed) is answered with 410 `cursor_gone`: get a new one with `after=latest`, then compare all services with `POST /panel/sync`. After a crash of the agent an event may come twice: then it has the same `id`.',
  tags: ['Services'],
  querystring: Type.Object({
    after: Type.Optional(
      Type.String({
        maxLength: 200,
        description: '`next_cursor` of an earlier answer, or `latest`; without it everything that is kept.',
      }),
    ),
    limit: Type.Optional(Limit),
  }),
  response: {
    200: success(
      {
        events: Type.Array(EventView),
        next_cursor: Type.String({ description: 'Also when there is nothing new.' }),
        more: Type.Boolean({ description: 'There is more to read at once.' }),
      },
      'What was written down since.',
    ),
  },
  failures: failures('cursor_gone', 'state_unavailable'),
};

export const eventsRoute: Route = (app, context) => {
  app.get('/events', { schema }, async (request) => {
    const { after, limit = 100 } = request.query;
    const page = await listEvents(context, callerOf(request), { after, limit });
    return {
      success: true as const,
      events: page.events.map(({ panel: _, ...event }) => event),
      next_cursor: page.next,
      more: page.more,
    };
  });
};
