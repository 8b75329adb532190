/** GET /jobs */
import { Type } from 'typebox';
import { listJobs } from '../../../jobs/manage/list-jobs.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { Cursor, failures, Limit, nullable, ServiceIdText, success } from '../../schemas/common.js';
import { JobStatusText, JobView } from '../../schemas/job.js';

const schema = {
  summary: 'Lists jobs',
  description: 'The open jobs of every service, and its newest ended one. Older ones are found by id.',
  tags: ['Jobs'],
  querystring: Type.Object({
    service_id: Type.Optional(ServiceIdText),
    status: Type.Optional(JobStatusText),
    tag: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  }),
  response: {
    200: success(
      { jobs: Type.Array(JobView), next_cursor: nullable(Type.String()) },
      'One page, in the order of the service ids; a page may be short and still have a next one.',
    ),
  },
  failures: failures(),
};

export const jobsRoute: Route = (app, context) => {
  app.get('/jobs', { schema }, async (request) => {
    const { service_id: serviceId, limit = 100, ...requested } = request.query;
    const page = await listJobs(context, callerOf(request), { ...requested, serviceId, limit });
    const forOperator = isOperator(request);
    return {
      success: true as const,
      jobs: page.items.map((found) => viewJob(found.serviceId, found.job, forOperator)),
      next_cursor: page.next,
    };
  });
};
