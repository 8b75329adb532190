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
  summary: 'Give up a service whose container can no longer be reached',
  description:
    'This endpoint is for operators. It removes the DNS records and the proxy host of the service, ' +
    'and releases its name, address and VMID. The response lists the objects that could not be ' +
    'removed and must be removed manually.',
  params: Type.Object({ id: ServiceIdText }),
  body: Type.Object({
    confirm: Type.String({
      maxLength: 64,
      'x-rule': 'must repeat the ID of the service',
      description: 'The ID of the service again, as a confirmation. Forgetting a service cannot be undone.',
      examples: [SERVICE],
    }),
  }),
  answer: Type.Object({
    status: Terminated,
    left_behind: list('The objects that could not be removed.', [`container ${VMID} on ${NODE}`]),
  }),
  done: 'The service was given up.',
  failures: ['proxy_failed', 'dns_failed'],
  start: ({ caller, params: { id }, body }, context) => {
    if (body.confirm !== id) throw invalid({ confirm: 'must repeat the ID of the service' });
    return forgetService(context, caller, id);
  },
  view: ({ service }) => ({
    status: 'terminated' as const,
    left_behind: [...(service.deletion?.leftBehind ?? [])],
  }),
});
