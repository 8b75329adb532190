/** GET /services/{id} */
import { Type } from 'typebox';
import { readService } from '../../../drift/read-service.js';
import { isOperator } from '../../guards/auth.js';
import { ServiceIdText } from '../../schemas/common.js';
import { ServiceView } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

export const serviceRoute = jsonRoute({
  call: 'GET /services/:id',
  id: 'getService',
  tag: 'Services',
  summary: 'Retrieve a service',
  description: 'Returns the state of the service with its owner, jobs and snapshots.',
  params: Type.Object({ id: ServiceIdText }),
  answer: ServiceView,
  answers: { 200: 'The service.' },
  failures: ['service_not_found', 'state_damaged'],
  handle: ({ caller, params, request }, context) =>
    readService(context, caller, params.id, isOperator(request)),
});
