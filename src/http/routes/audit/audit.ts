/** GET /audit */
import { Type } from 'typebox';
import { listAudit } from '../../../audit/list-audit.js';
import { Cursor, Limit, NextCursor, ServiceIdText } from '../../schemas/common.js';
import { JOB, REQUEST, SERVICE, TOKEN } from '../../schemas/examples.js';
import { described, instant, nullable, text, whole, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const Entry = Type.Object(
  {
    at: instant('The time at which the response was sent.'),
    request_id: text('The ID of the request.', REQUEST),
    door: word(
      ['network', 'socket'],
      'Whether the request arrived over the network or on the unix socket.',
      'network',
    ),
    token: Type.Optional(
      text('The name of the token. Only requests over the network have this field.', 'paymenter'),
    ),
    token_id: Type.Optional(
      text('The ID of the token. Only requests over the network have this field.', TOKEN),
    ),
    user: Type.Optional(
      nullable(
        Type.String({
          description:
            'The name of the user who ran the command line, as reported by the command line. Only requests ' +
            'on the unix socket have this field.',
        }),
      ),
    ),
    uid: Type.Optional(
      nullable(
        Type.Integer({
          description:
            'The numeric ID of the user who ran the command line. Only requests on the unix socket have ' +
            'this field.',
        }),
      ),
    ),
    panel: nullable(text('The panel of the caller. The value is null if the caller was unknown.', 'default')),
    from: nullable(
      text("The client's address. The value is null if the request arrived on the unix socket.", '192.0.2.7'),
    ),
    method: text('The HTTP method.', 'POST'),
    route: text('The endpoint.', '/create-site'),
    service_id: nullable(
      text(
        'The ID of the service in the panel. The value is null if the request did not concern a ' +
          'service.',
        SERVICE,
      ),
    ),
    job_id: nullable(
      text(
        'The ID of the job that the request started or joined. The value is null if there was no such ' +
          'job.',
        JOB,
      ),
    ),
    status: whole('The HTTP status of the response.', 202),
    code: nullable(
      text('The error code of the response. The value is null if the request was accepted.', ''),
      null,
    ),
    replayed: Type.Optional(
      Type.Boolean({
        description:
          'True if the agent sent an earlier response again because the request had the same ' +
          '`Idempotency-Key`.',
      }),
    ),
    unknown_fields: Type.Optional(
      Type.Array(Type.String(), {
        description: 'The fields of the request that the endpoint does not support.',
      }),
    ),
    count: Type.Optional(
      Type.Integer({
        description: 'The number of similar refused requests that this entry stands for.',
      }),
    ),
  },
  { title: 'AuditEntry', description: 'A request that changed something, or that was refused.' },
);

export const auditRoute = jsonRoute({
  call: 'GET /audit',
  id: 'listAuditEntries',
  tag: 'Operation',
  summary: 'List the entries of the audit log',
  description:
    'Returns every request that changed something or was refused, sorted from oldest to newest. A ' +
    'token gets the requests of its own panel. The command line gets the requests of all panels ' +
    'unless `panel` is set.',
  query: Type.Object({
    since: Type.Optional(
      instant('If set, the response contains only requests since this time.', '2026-01-31T12:00:00.000Z'),
    ),
    service_id: Type.Optional(
      described(ServiceIdText, 'If set, the response contains only requests about this service.'),
    ),
    panel: Type.Optional({
      ...ServiceIdText,
      description: 'If set, the response contains only requests of this panel.',
      examples: ['default'],
    }),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(Limit),
  }),
  answer: Type.Object({
    entries: Type.Array(Entry, { description: 'The entries on this page.' }),
    next_cursor: NextCursor,
  }),
  answers: { 200: 'One page of the audit log, sorted from oldest to newest.' },
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
