/** POST /services/{id}/retry */
import { Type } from 'typebox';
import { wordOf } from '../../../services/read-power.js';
import { retryService } from '../../../services/retry-service.js';
import { ServiceIdText, StatusText } from '../../schemas/common.js';
import { described, withExample } from '../../schemas/fields.js';
import { JobMethod } from '../../schemas/job.js';
import { Accepted } from '../../schemas/started.js';
import { jsonRoute } from '../../server/endpoint.js';

export const retryServiceRoute = jsonRoute({
  call: 'POST /services/:id/retry',
  id: 'retryService',
  tag: 'Services',
  summary: 'Retry the failed, stuck or waiting operation of a service',
  description:
    'This endpoint is for operators. Use it after the cause of a failure is fixed. A stuck job ' +
    'continues from where it stopped. A job that waits for a system continues immediately. A failed ' +
    'order (a creation, a restoration, an upgrade or the end of a suspension) is executed again as it ' +
    'was ordered.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    ...Accepted.properties,
    status: withExample(StatusText, 'processing'),
    method: described(JobMethod, 'The operation that is retried, such as `create` or `upgrade`.'),
  }),
  answers: { 202: 'The retry was recorded, and the job is running or waiting.' },
  failures: [
    'service_not_found',
    'not_supported',
    'nothing_to_retry',
    'service_failed',
    'service_suspended',
    'service_busy',
    'service_exists',
    'service_terminated',
    'job_ended',
    'name_taken',
    'unknown_module',
    'plan_too_small',
    'capacity_exhausted',
    'state_damaged',
    'state_unavailable',
  ],
  handle: async ({ caller, params: { id } }, context) => {
    const { service, job } = await retryService(context, context.allocate, caller, id);
    const status = wordOf(context.watch, service);
    return { service_id: id, status, job_id: job.id, method: job.method };
  },
});
