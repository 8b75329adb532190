/** GET /services/{id}/credentials */
import { Type } from 'typebox';
import { readCredentials } from '../../../services/read-credentials.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, nullable, ServiceIdText, success } from '../../schemas/common.js';

const schema = {
  summary: "Hands out the first administrator's user and password",
  description: 'Readable until acknowledged, and at most 7 days.',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  querystring: Type.Object({
    acknowledge: Type.Optional(
      Type.Boolean({ 'x-rule': 'must be true or false', description: 'This answer is the last.' }),
    ),
  }),
  response: {
    200: success(
      {
        service_id: Type.String(),
        url: nullable(Type.String({ description: 'Null for a product without a website.' })),
        username: Type.String(),
        password: Type.String(),
        expires_at: Instant,
      },
      'The credentials.',
    ),
  },
  failures: failures(
    'service_not_found',
    'credentials_gone',
    'service_busy',
    'state_damaged',
    'state_unavailable',
  ),
};

export const credentialsRoute: Route = (app, context) => {
  // no HEAD: it would acknowledge without showing anything
  app.get('/services/:id/credentials', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const caller = callerOf(request);
    const { id } = request.params;
    const found = await readCredentials(context, caller, id, request.query.acknowledge === true);
    request.log.info({ service_id: id, panel: caller.panel, token: caller.name }, 'credentials read');
    void reply.header('cache-control', 'no-store');
    const { expiresAt, ...credentials } = found;
    return { success: true as const, service_id: id, ...credentials, expires_at: expiresAt };
  });
};
