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
    'The link can be used once, within 60 seconds. Each request creates another link. If the site is ' +
    'busy, the response has status 202 and contains no link; repeat the request in that case. The ' +
    'site must be running.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    url: text(
      'The URL of the link. Redirect the browser to this URL immediately.',
      `https://${FQDN}/innkeeper-login-3f0c6b.php?token=Zk3VtQx2mZ7r`,
    ),
    expires_at: instant('The time at which the link expires.', '2026-03-01T12:01:00.000Z'),
  }),
  done: 'The link was created.',
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
