/** GET /jobs */
import { Type } from 'typebox';
import { listJobs } from '../../../jobs/manage/list-jobs.js';
import type { FoundJob } from '../../../jobs/manage/read-job.js';
import { type JobView as View, viewJob } from '../../../jobs/manage/view-job.js';
import { isOperator } from '../../guards/auth.js';
import { Cursor, Limit, NextCursor, ServiceIdText } from '../../schemas/common.js';
import { described } from '../../schemas/fields.js';
import { JobStatusText, JobView } from '../../schemas/job.js';
import { longRoute } from '../../server/long-route.js';

function* viewsOf(found: readonly FoundJob[], forOperator: boolean): Generator<View> {
  for (const { serviceId, job } of found) yield viewJob(serviceId, job, forOperator);
}

export const jobsRoute = longRoute({
  call: 'GET /jobs',
  id: 'listJobs',
  tag: 'Jobs',
  summary: 'List jobs',
  description:
    'Returns, for every service, its open jobs and the job that ended most recently. Older jobs can ' +
    'be retrieved by ID with `GET /jobs/{id}`.',
  query: Type.Object({
    service_id: Type.Optional(
      described(ServiceIdText, 'If set, the response contains only jobs of this service.'),
    ),
    status: Type.Optional(
      described(JobStatusText, 'If set, the response contains only jobs with this status.'),
    ),
    tag: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'If set, the response contains only jobs with this tag.',
        examples: ['create'],
      }),
    ),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  }),
  answer: Type.Object({
    jobs: Type.Array(JobView, { description: 'The jobs on this page.' }),
    next_cursor: NextCursor,
  }),
  done:
    'One page of jobs, sorted by service ID. A page may contain fewer entries than `limit` even if ' +
    'more pages follow.',
  handle: async ({ caller, query, request }, context, rest) => {
    const { service_id: serviceId, limit = 100, ...filter } = query;
    const page = await listJobs(context, caller, { ...filter, serviceId, limit }, rest);
    return { jobs: viewsOf(page.items, isOperator(request)), next_cursor: page.next };
  },
});
