/** POST /wp/upgrade/check */
import { Type } from 'typebox';
import type { Plan } from '../../../model/plan.js';
import { checkUpgrade } from '../../../services/upgrade.js';
import { ServiceId } from '../../schemas/common.js';
import { described, text, whole, withExample } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';
import { warn } from '../../server/unknown-fields.js';
import { warnOfOptions } from './option-names.js';
import { UpgradeBody } from './wp-upgrade.js';

const Resources = Type.Object(
  {
    name: text('The name of the plan.', 'basic'),
    memory_mb: whole('Memory in MiB.', 2048),
    disk_gb: whole('Disk space in GiB.', 20),
    cores: whole('CPU cores.', 2),
    domains: whole('The maximum number of custom domains of a service.', 3),
    backups: whole('The maximum number of backups of a service.', 2),
  },
  { title: 'PlanFigures', description: 'The resources that a service gets from a plan.' },
);

const PREMIUM = { name: 'premium', memory_mb: 8192, disk_gb: 80, cores: 4, domains: 10, backups: 5 };

export const upgradeCheckRoute = jsonRoute({
  call: 'POST /wp/upgrade/check',
  id: 'checkUpgrade',
  tag: 'Sites',
  summary: 'Check whether an upgrade would be accepted',
  description: 'Makes the same checks as `POST /wp/upgrade`, but changes nothing.',
  body: UpgradeBody,
  answer: Type.Object({
    service_id: ServiceId,
    plan: withExample(PlanName, 'premium'),
    from: described(Resources, 'The current resources of the service.'),
    to: withExample(described(Resources, 'The resources after the upgrade.'), PREMIUM),
  }),
  answers: { 200: 'The upgrade would be accepted.' },
  failures: [
    'unknown_plan',
    'module_conflict',
    'plan_unusable',
    'unknown_module',
    'not_supported',
    'service_not_found',
    'service_failed',
    'service_terminated',
    'plan_too_small',
    'state_damaged',
  ],
  handle: async ({ caller, body, request }, context) => {
    const id = String(body.service_id);
    const { service, plan, warnings } = await checkUpgrade(context, caller, id, body);
    warnOfOptions(request, body.properties);
    warn(request, ...warnings);
    return {
      service_id: service.id,
      plan: plan.name,
      from: resourcesOf(service.plan),
      to: resourcesOf(plan),
    };
  },
});

const resourcesOf = ({ name, memoryMb, diskGb, cores, domains, backups }: Plan) => ({
  name,
  memory_mb: memoryMb,
  disk_gb: diskGb,
  cores,
  domains,
  backups,
});
