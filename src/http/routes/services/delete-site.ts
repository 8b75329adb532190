/** POST /delete-site */
import { Type } from 'typebox';
import { isHeld, type Service } from '../../../model/service.js';
import { FOR_RELEASE } from '../../../model/job.js';
import { deleteSite } from '../../../services/delete-site.js';
import { wordOf } from '../../../services/read-power.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, nullable, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Deletes a site',
  description:
    'Visitors lose it at once; its container goes at once too, or when the time of grace set by the operator has passed (`purge_at`). Whatever is under way is ended. An order by the same e-mail address until then brings it back.',
  tags: ['Sites'],
  body: Type.Object({ service_id: ServiceIdIn }),
  response: startedAnswers(
    { status: Type.Literal('terminated'), purge_at: nullable(Instant) },
    'Deleted; also when it was before.',
  ),
  failures: failures(
    'invalid_json',
    'service_not_found',
    'service_terminated',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const deleteSiteRoute: Route = (app, context) => {
  app.post('/delete-site', { schema }, async (request, reply) => {
    const caller = callerOf(request);
    const id = String(request.body.service_id);
    const done = await deleteSite(context, caller, id);
    request.isRepeated = !done.job || done.joined;
    if (!done.job) return { success: true as const, service_id: id, job_id: null, ...view(done.service) };
    request.log.info({ service_id: id, panel: caller.panel, job_id: done.job.id }, 'deletion recorded');
    // nothing comes of waiting for an operator
    if (done.job.waiting?.for === FOR_RELEASE) {
      const status = wordOf(context.watch, done.service);
      return reply.code(202).send({ success: true, service_id: id, status, job_id: done.job.id });
    }
    return answerJob(context, request, reply, done, view);
  });
};

function view(service: Service) {
  return {
    status: 'terminated' as const,
    purge_at: isHeld(service) ? (service.deletion?.purgeAt ?? null) : null,
  };
}
