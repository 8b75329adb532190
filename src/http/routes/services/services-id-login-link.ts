/** POST /services/{id}/login-link */
import { Type } from 'typebox';
import { LINK_S, makeLoginLink } from '../../../services/login-link.js';
import { ServiceIdText } from '../../schemas/common.js';
import { FQDN } from '../../schemas/examples.js';
import { instant, text } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';

export const loginLinkRoute = jobRoute({
  call: 'POST /services/:id/login-link',
  id: 'createLoginLink',
  tag: 'Services',
  summary: "Create a link that logs the site's administrator in",
  description:
    'The link is good once, and for 60 seconds. Each request makes another one. An answer 202 has no link: the site was busy, and the request is to be made again. The site must be running.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    url: text(
      'Send the browser there at once.',
      `https://${FQDN}/innkeeper-login-3f0c6b.php?token=Zk3VtQx2mZ7r`,
    ),
    expires_at: instant('Until when it is good.', '2026-03-01T12:01:00.000Z'),
  }),
  done: 'The link.',
  failures: [
    'not_supported',
    'administrator_missing',
    'service_stopped',
    'service_suspended',
    'recipe_failed',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, params, reply }, context) => {
    void reply.header('cache-control', 'no-store');
    return makeLoginLink(context, caller, params.id);
  },
  view: ({ job, recorded }) => ({
    url: recorded.url,
    expires_at: new Date(Date.parse(job.startedAt ?? job.createdAt) + LINK_S * 1000).toISOString(),
  }),
});
