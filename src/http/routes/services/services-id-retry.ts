/** POST /services/{id}/retry */
import { Type } from 'typebox';
import { wordOf } from '../../../services/read-power.js';
import { retryService } from '../../../services/retry-service.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdText, StatusText, success } from '../../schemas/common.js';

const schema = {
  summary: 'Does once more what failed or is stuck',
  description:
    'For operators, once the cause is gone. A stuck job goes on where it stood, one that waits for a system at once; an order that failed (a creation, a return, an upgrade, the end of a suspension) is made again as it was first ordered.',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  response: {
    202: success(
      {
        service_id: Type.String(),
        status: StatusText,
        job_id: Type.String({ format: 'uuid' }),
        method: Type.String({ description: 'What is done once more: `create`, `upgrade`, ...' }),
      },
      'Recorded; the job goes on.',
    ),
  },
  failures: failures(
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
  ),
};

export const retryServiceRoute: Route = (app, context) => {
  app.post('/services/:id/retry', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { service, job } = await retryService(context, context.allocate, callerOf(request), id);
    return reply.code(202).send({
      success: true as const,
      service_id: id,
      status: wordOf(context.watch, service),
      job_id: job.id,
      method: job.method,
    });
  });
};
