/** POST /services/{id}/credentials/reset */
import { Type } from 'typebox';
import { readableUntil } from '../../../model/credentials.js';
import { resetCredentials } from '../../../services/reset-credentials.js';
import { ServiceIdText } from '../../schemas/common.js';
import { instant } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';

export const resetCredentialsRoute = jobRoute({
  call: 'POST /services/:id/credentials/reset',
  id: 'resetCredentials',
  tag: 'Services',
  summary: "Reset the password of the site's first administrator",
  description:
    '`GET /services/{id}/credentials` returns the new password until the password is acknowledged, ' +
    'and for at most 7 days. The site must be running.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    readable_until: instant('The time until which the new password can be read.', '2026-03-08T12:00:00.000Z'),
  }),
  done: 'The site has a new password.',
  failures: [
    'service_suspended',
    'service_stopped',
    'not_supported',
    'administrator_missing',
    'recipe_failed',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, params }, context) => resetCredentials(context, caller, params.id),
  view: ({ service }) => ({ readable_until: new Date(readableUntil(service)).toISOString() }),
});
