/** POST /services/{id}/forget */
import { Type } from 'typebox';
import { invalid } from '../../../kernel/invalid.js';
import { forgetService } from '../../../services/forget-service.js';
import { ServiceIdText } from '../../schemas/common.js';
import { NODE, SERVICE, VMID } from '../../schemas/examples.js';
import { list } from '../../schemas/fields.js';
import { Terminated } from '../../schemas/service.js';
import { jobRoute } from '../../server/job-route.js';

export const forgetServiceRoute = jobRoute({
  call: 'POST /services/:id/forget',
  id: 'forgetService',
  tag: 'Services',
  summary: 'Give up a service whose container is out of reach',
  description:
    'For operators. Removes its DNS records and proxy host, and releases its name, address and number. What could not be removed is listed and must be removed by hand.',
  params: Type.Object({ id: ServiceIdText }),
  body: Type.Object({
    confirm: Type.String({
      maxLength: 64,
      'x-rule': 'must be the id of the service once more',
      description: 'The id of the service once more, as this cannot be undone.',
      examples: [SERVICE],
    }),
  }),
  answer: Type.Object({
    status: Terminated,
    left_behind: list('What could not be removed.', [`container ${VMID} on ${NODE}`]),
  }),
  done: 'The service was given up.',
  failures: ['proxy_failed', 'dns_failed'],
  start: ({ caller, params: { id }, body }, context) => {
    if (body.confirm !== id) throw invalid({ confirm: 'must be the id of the service once more' });
    return forgetService(context, caller, id);
  },
  view: ({ service }) => ({
    status: 'terminated' as const,
    left_behind: [...(service.deletion?.leftBehind ?? [])],
  }),
});
