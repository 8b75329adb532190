/** GET /services */
import { Type } from 'typebox';
import { listServices } from '../../../services/list-services.js';
import { callerOf } from '../../guards/auth.js';
import { listWriter, sendJson } from '../../server/long-list.js';
import type { Route } from '../../server/route.js';
import { Cursor, failures, Limit, nullable, StatusText, success } from '../../schemas/common.js';
import { EntryView } from '../../schemas/service.js';

const schema = {
  summary: 'Lists services',
  tags: ['Services'],
  querystring: Type.Object({
    ids: Type.Optional(Type.String({ maxLength: 10_000, description: 'Ids, separated by commas.' })),
    status: Type.Optional(StatusText),
    plan: Type.Optional(Type.String({ maxLength: 200 })),
    node: Type.Optional(Type.String({ maxLength: 200 })),
    q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the id or the name.' })),
    drift: Type.Optional(
      Type.Boolean({ description: 'Only those that differ from the records, or that do not.' }),
    ),
    updated_since: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d))?$',
        'x-rule': 'must be an instant such as 2026-01-31T12:00:00Z',
      }),
    ),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  }),
  response: {
    200: success(
      { services: Type.Array(EntryView), next_cursor: nullable(Type.String()) },
      'One page, in the order of the ids.',
    ),
  },
  failures: failures(),
};

export const servicesRoute: Route = (app, context) => {
  const write = listWriter(EntryView);
  app.get('/services', { schema }, async (request, reply): Promise<void> => {
    const rest = context.mainThread.restFor(request);
    const { ids, updated_since: updatedSince, limit = 100, ...requested } = request.query;
    const asked = { ...requested, ids: ids?.split(',').map((id) => id.trim()), updatedSince, limit };
    const page = await listServices(context, callerOf(request), asked, rest);
    const services = await write(page.items, rest);
    await sendJson(
      reply,
      `{"success":true,"services":${services},"next_cursor":${JSON.stringify(page.next)}}`,
    );
  });
};
