/** GET /audit */
import { Type } from 'typebox';
import { listAudit } from '../../../audit/list-audit.js';
import { Cursor, Limit, NextCursor, ServiceIdText } from '../../schemas/common.js';
import { JOB, REQUEST, SERVICE, TOKEN } from '../../schemas/examples.js';
import { described, instant, nullable, text, whole, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const Entry = Type.Object(
  {
    at: instant('When the response was sent.'),
    request_id: text('The ID of the request.', REQUEST),
    door: word(['network', 'socket'], 'Where the request arrived.', 'network'),
    token: Type.Optional(text('The name of the token. Only of requests from the network.', 'paymenter')),
    token_id: Type.Optional(text('The ID of the token. Only of requests from the network.', TOKEN)),
    user: Type.Optional(
      nullable(
        Type.String({
          description: 'The user of the command line, as reported by the command. Only at the socket.',
        }),
      ),
    ),
    uid: Type.Optional(nullable(Type.Integer({ description: "The user's numeric ID. Only at the socket." }))),
    panel: nullable(text('The panel. Null: the caller was unknown.', 'default')),
    from: nullable(text("The client's address. Null: the request arrived at the socket.", '192.0.2.7')),
    method: text('The HTTP method.', 'POST'),
    route: text('The endpoint.', '/create-site'),
    service_id: nullable(
      text("The panel's ID of the service. Null: the request concerned no service.", SERVICE),
    ),
    job_id: nullable(text('The job that the request started or joined. Null: none.', JOB)),
    status: whole('The HTTP status of the response.', 202),
    code: nullable(text('The error code. Null: the request was accepted.', ''), null),
    replayed: Type.Optional(
      Type.Boolean({
        description: 'True: an earlier response was sent again because of the same `Idempotency-Key`.',
      }),
    ),
    unknown_fields: Type.Optional(
      Type.Array(Type.String(), { description: 'Fields of the request that the endpoint does not support.' }),
    ),
    count: Type.Optional(
      Type.Integer({
        description: 'The number of refused requests like this one that the entry represents.',
      }),
    ),
  },
  { title: 'AuditEntry', description: 'A request that changed something or was refused.' },
);

export const auditRoute = jsonRoute({
  call: 'GET /audit',
  id: 'listAuditEntries',
  tag: 'Operation',
  summary: 'List who requested which change',
  description:
    'Every request that changes something, including refused ones, oldest first. A token sees the ' +
    'requests of its own panel. The command line sees those of all panels unless `panel` is set.',
  query: Type.Object({
    since: Type.Optional(instant('Only requests since this time.', '2026-01-31T12:00:00.000Z')),
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
    const { listener } = context;
    const page = await listAudit(context, caller, { since, serviceId, panel, cursor, limit, listener });
    return {
      entries: page.entries.map(({ who, ...entry }) => ({ ...entry, ...who })),
      next_cursor: page.more ? (page.next ?? null) : null,
    };
  },
});
