/** GET /audit */
import { Type } from 'typebox';
import { listAudit } from '../../../audit/list-audit.js';
import { Cursor, Limit, NextCursor, ServiceIdText } from '../../schemas/common.js';
import { JOB, REQUEST, SERVICE, TOKEN } from '../../schemas/examples.js';
import { described, instant, nullable, text, whole, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const Entry = Type.Object(
  {
    at: instant('When it was answered.'),
    request_id: text('The id of the request.', REQUEST),
    door: word(['network', 'socket'], 'Where it came in.', 'network'),
    token: Type.Optional(text('The name of the token. Only of requests from the network.', 'paymenter')),
    token_id: Type.Optional(text('The id of the token. Only of requests from the network.', TOKEN)),
    user: Type.Optional(
      nullable(
        Type.String({ description: 'The user at the command line, as it says itself. Only at the socket.' }),
      ),
    ),
    uid: Type.Optional(nullable(Type.Integer({ description: "The user's number. Only at the socket." }))),
    panel: nullable(text('The panel. Null: the caller was not known.', 'default')),
    from: nullable(text("The client's address. Null: it came through the socket.", '192.0.2.7')),
    method: text('The HTTP method.', 'POST'),
    route: text('The endpoint.', '/create-site'),
    service_id: nullable(text("The panel's id of the service. Null: it concerned none.", SERVICE)),
    job_id: nullable(text('The job that it started or joined. Null: none.', JOB)),
    status: whole('The HTTP status of the answer.', 202),
    code: nullable(text('The error code. Null: it was accepted.', ''), null),
    replayed: Type.Optional(
      Type.Boolean({
        description: 'True: an earlier answer was sent again, as the `Idempotency-Key` was the same.',
      }),
    ),
    unknown_fields: Type.Optional(
      Type.Array(Type.String(), { description: 'Fields of the request that the endpoint does not know.' }),
    ),
    count: Type.Optional(
      Type.Integer({ description: 'How many refused requests like this one the entry stands for.' }),
    ),
  },
  { title: 'AuditEntry', description: 'A request that changed something, or was refused.' },
);

export const auditRoute = jsonRoute({
  call: 'GET /audit',
  id: 'listAuditEntries',
  tag: 'Operation',
  summary: 'List who requested which change',
  description:
    'Every request that changes something, refused ones included, oldest first. A token sees the requests of its own panel; the command line sees those of all panels unless `panel` is given.',
  query: Type.Object({
    since: Type.Optional(instant('Only requests since then.', '2026-01-31T12:00:00.000Z')),
    service_id: Type.Optional(described(ServiceIdText, 'Only requests about this service.')),
    panel: Type.Optional({
      ...ServiceIdText,
      description: 'Only requests of this panel.',
      examples: ['default'],
    }),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(Limit),
  }),
  answer: Type.Object({
    entries: Type.Array(Entry, { description: 'The entries on this page.' }),
    next_cursor: NextCursor,
  }),
  answers: { 200: 'One page, oldest first.' },
  failures: ['cursor_gone', 'state_unavailable'],
  handle: async ({ caller, query }, context) => {
    const { since, service_id: serviceId, panel, cursor, limit = 100 } = query;
    const { door } = context;
    const page = await listAudit(context, caller, { since, serviceId, panel, cursor, limit, door });
    return {
      entries: page.entries.map(({ who, ...entry }) => ({ ...entry, ...who })),
      next_cursor: page.more ? (page.next ?? null) : null,
    };
  },
});
