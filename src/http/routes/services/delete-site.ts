/** POST /delete-site */
import { Type } from 'typebox';
import { isHeld } from '../../../model/service.js';
import { deleteSite } from '../../../services/delete-site.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { instant, nullable } from '../../schemas/fields.js';
import { Terminated } from '../../schemas/service.js';
import { jobRoute } from '../../server/job-route.js';

export const deleteSiteRoute = jobRoute({
  call: 'POST /delete-site',
  id: 'deleteSite',
  tag: 'Sites',
  summary: 'Delete a site',
  description:
    'The site immediately becomes unavailable to visitors. The container is removed at `purge_at`, ' +
    'or immediately if `deletion.hold_s` is 0 in the configuration. All open operations on the ' +
    'site are ended. Until `purge_at`, an order with the same e-mail address restores the site.',
  body: Type.Object({ service_id: ServiceIdIn }),
  answer: Type.Object({
    status: Terminated,
    purge_at: nullable(
      instant(
        'The time at which the container will be removed. The value is null if the container has been ' +
          'removed.',
      ),
      null,
    ),
  }),
  done: 'The site was deleted by this request or by an earlier one.',
  failures: ['container_host_failed', 'container_host_timeout', 'proxy_failed', 'dns_failed'],
  start: async ({ caller, body, request }, context) => {
    const done = await deleteSite(context, caller, String(body.service_id));
    if (done.job) {
      const { service, job } = done;
      request.log.info({ service_id: service.id, panel: caller.panel, job_id: job.id }, 'deletion recorded');
    }
    return done;
  },
  view: ({ service }) => ({
    status: 'terminated' as const,
    purge_at: isHeld(service) ? (service.deletion?.purgeAt ?? null) : null,
  }),
});
