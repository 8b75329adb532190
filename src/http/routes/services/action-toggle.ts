/** POST /action/toggle */
import { Type } from 'typebox';
import { siteOf } from '../../../model/service.js';
import { toggle } from '../../../services/toggle.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { flag } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';

export const toggleRoute = jobRoute({
  call: 'POST /action/toggle',
  id: 'toggleSite',
  tag: 'Customer actions',
  summary: 'Switch a site off or on for visitors',
  description: 'Enables or disables all names of the site at the reverse proxy. The container keeps running.',
  body: Type.Object({
    service_id: ServiceIdIn,
    enabled: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description:
          'If true, visitors can reach the site. If the field is omitted, the current state is toggled.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({ enabled: flag('True if visitors can reach the site now.', false) }),
  done: 'The site was switched off or on.',
  failures: ['service_suspended', 'not_supported', 'proxy_failed'],
  start: ({ caller, body }, context) => toggle(context, caller, String(body.service_id), body.enabled),
  view: ({ service }) => ({ enabled: siteOf(service).proxyEnabled }),
});
