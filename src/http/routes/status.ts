/** GET /status */
import { Type } from 'typebox';
import { readStatus } from '../../operations/read-status.js';
import { callerOf } from '../auth.js';
import type { Route } from '../route.js';
import { failures, ServiceIdText, success } from '../schemas/common.js';
import { statusProperties } from '../schemas/service.js';

const schema = {
  summary: 'Says how a service is',
  description: 'From what the daemon knows; never waits for a container host.',
  tags: ['Sites'],
  querystring: Type.Object({ service_id: ServiceIdText }),
  response: {
    200: success(statusProperties, 'The service.'),
  },
  failures: failures('service_not_found', 'state_damaged'),
};

export const statusRoute: Route = (app, context) => {
  app.get('/status', { schema }, async (request) => ({
    success: true as const,
    ...(await readStatus(context, callerOf(request), request.query.service_id)),
  }));
};
