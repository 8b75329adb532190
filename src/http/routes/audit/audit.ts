/** GET /audit */
import { Type } from 'typebox';
import { listAudit } from '../../../audit/list-audit.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { Cursor, failures, Instant, Limit, nullable, ServiceIdText, success } from '../../schemas/common.js';

const Entry = Type.Object({
  at: Instant,
  request_id: Type.String(),
  door: Type.Enum(['network', 'socket']),
  token: Type.Optional(Type.String({ description: 'Name of the token.' })),
  token_id: Type.Optional(Type.String()),
  user: Type.Optional(nullable(Type.String({ description: 'At the socket, as the command line says.' }))),
  uid: Type.Optional(nullable(Type.Integer())),
  panel: nullable(Type.String()),
  from: nullable(Type.String({ description: "The client's address." })),
  method: Type.String(),
  route: Type.String(),
  service_id: nullable(Type.String()),
  job_id: nullable(Type.String()),
  status: Type.Integer(),
  code: nullable(Type.String()),
  replayed: Type.Optional(Type.Boolean({ description: 'An earlier answer was given again.' })),
  unknown_fields: Type.Optional(
    Type.Array(Type.String(), { description: 'Names in the call that it does not know.' }),
  ),
  count: Type.Optional(Type.Integer({ description: 'Stands for so many refused calls like this one.' })),
});

const schema = {
  summary: 'Tells who asked for which change',
  description:
    "Every changing call, the refused ones too, oldest first. A token sees its own panel's; the command line, without `panel`, everybody's.",
  tags: ['Operation'],
  querystring: Type.Object({
    since: Type.Optional(Instant),
    service_id: Type.Optional(ServiceIdText),
    panel: Type.Optional(ServiceIdText),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(Limit),
  }),
  response: {
    200: success(
      {
        entries: Type.Array(Entry),
        next_cursor: nullable(Type.String({ description: 'Null: there is no more now.' })),
      },
      'What was asked for.',
    ),
  },
  failures: failures('cursor_gone', 'state_unavailable'),
};

export const auditRoute: Route = (app, context) => {
  app.get('/audit', { schema }, async (request) => {
    const { since, service_id: serviceId, panel, cursor, limit = 100 } = request.query;
    const { door } = context;
    const page = await listAudit(context, callerOf(request), {
      since,
      serviceId,
      panel,
      cursor,
      limit,
      door,
    });
    return {
      success: true as const,
      entries: page.entries.map(({ who, ...entry }) => ({ ...entry, ...who })),
      next_cursor: page.more ? (page.next ?? null) : null,
    };
  });
};
