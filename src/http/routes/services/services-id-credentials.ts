/** GET /services/{id}/credentials */
import { Type } from 'typebox';
import { readCredentials } from '../../../services/read-credentials.js';
import { ServiceId, ServiceIdText } from '../../schemas/common.js';
import { instant, text } from '../../schemas/fields.js';
import { names } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

export const credentialsRoute = jsonRoute({
  call: 'GET /services/:id/credentials',
  id: 'getCredentials',
  tag: 'Services',
  summary: 'Retrieve the initial credentials of a site',
  description:
    "Returns the user name and password of the site's first administrator. They can be read until " +
    'they are acknowledged, and for at most 7 days.',
  params: Type.Object({ id: ServiceIdText }),
  query: Type.Object({
    acknowledge: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description:
          'If true, the credentials are acknowledged: this response is the last one that contains them.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({
    service_id: ServiceId,
    url: names.url,
    username: text('The user name.', 'admin'),
    password: text('The password.', 'k3Vt-9Qx2-mZ7r'),
    expires_at: instant('The time until which the credentials can be read.', '2026-03-08T12:00:00.000Z'),
  }),
  answers: { 200: 'The credentials.' },
  failures: ['service_not_found', 'credentials_gone', 'service_busy', 'state_damaged', 'state_unavailable'],
  // a HEAD request would mark the credentials as delivered without returning them
  head: false,
  handle: async ({ caller, params, query, request, reply }, context) => {
    const { id } = params;
    const found = await readCredentials(context, caller, id, query.acknowledge === true);
    request.log.info({ service_id: id, panel: caller.panel, token: caller.name }, 'credentials read');
    void reply.header('cache-control', 'no-store');
    const { expiresAt, ...credentials } = found;
    return { service_id: id, ...credentials, expires_at: expiresAt };
  },
});
