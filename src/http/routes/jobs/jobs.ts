/** GET /jobs */
import { Type } from 'typebox';
import { listJobs } from '../../../jobs/manage/list-jobs.js';
import type { FoundJob } from '../../../jobs/manage/read-job.js';
import { type JobView as View, viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import { listWriter, sendJson } from '../../server/long-list.js';
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

function* viewsOf(found: readonly FoundJob[], forOperator: boolean): Generator<View> {
  for (const { serviceId, job } of found) yield viewJob(serviceId, job, forOperator);
}

export const jobsRoute: Route = (app, context) => {
  const write = listWriter(JobView);
  app.get('/jobs', { schema }, async (request, reply): Promise<void> => {
    const rest = context.mainThread.restFor(request);
    const { service_id: serviceId, limit = 100, ...requested } = request.query;
    const page = await listJobs(context, callerOf(request), { ...requested, serviceId, limit }, rest);
    const forOperator = isOperator(request);
    const jobs = await write(viewsOf(page.items, forOperator), rest);
    await sendJson(reply, `{"success":true,"jobs":${jobs},"next_cursor":${JSON.stringify(page.next)}}`);
  });
};
