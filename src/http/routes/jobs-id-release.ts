/** POST /jobs/{id}/release */
import { Type } from 'typebox';
import { releaseJob } from '../../operations/release-job.js';
import { viewJob } from '../../operations/view-job.js';
import { callerOf } from '../auth.js';
import type { Route } from '../route.js';
import { failures, JobIdText, success } from '../schemas/common.js';
import { jobProperties } from '../schemas/job.js';

const schema = {
  summary: 'Lets a held deletion go on',
  description: 'For operators: deletions beyond the brake wait until they are released.',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  response: { 200: success(jobProperties, 'Released.') },
  failures: failures('job_not_found', 'service_busy', 'state_damaged', 'state_unavailable'),
};

export const releaseJobRoute: Route = (app, context) => {
  app.post('/jobs/:id/release', { schema }, async (request) => {
    const caller = callerOf(request);
    const { serviceId, job } = await releaseJob(context, caller, request.params.id.toLowerCase());
    request.log.warn({ job_id: job.id, service_id: serviceId, token: caller.name }, 'deletion released');
    return { success: true as const, ...viewJob(serviceId, job, context.door === 'socket') };
  });
};
