/** GET /services/{id} */
import { Type } from 'typebox';
import { readService } from '../../../drift/read-service.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdText, success } from '../../schemas/common.js';
import { detailProperties } from '../../schemas/service.js';

const schema = {
  summary: 'Shows a service',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  response: {
    200: success(detailProperties, 'The service with its jobs and snapshots.'),
  },
  failures: failures('service_not_found', 'state_damaged'),
};

export const serviceRoute: Route = (app, context) => {
  app.get('/services/:id', { schema }, async (request) => ({
    success: true as const,
    ...(await readService(context, callerOf(request), request.params.id, isOperator(request))),
  }));
};
