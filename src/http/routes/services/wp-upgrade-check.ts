/** POST /wp/upgrade/check */
import { Type } from 'typebox';
import type { Plan } from '../../../model/plan.js';
import { checkUpgrade } from '../../../services/upgrade.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, success } from '../../schemas/common.js';
import { warn } from '../../server/unknown-fields.js';
import { UpgradeBody } from './wp-upgrade.js';

const Figures = Type.Object({
  name: Type.String(),
  memory_mb: Type.Integer(),
  disk_gb: Type.Integer(),
  cores: Type.Integer(),
  domains: Type.Integer(),
  backups: Type.Integer(),
});

const schema = {
  summary: 'Says whether an upgrade would be accepted',
  description: 'Answers what `POST /wp/upgrade` would, and changes nothing.',
  tags: ['Sites'],
  body: UpgradeBody,
  response: {
    200: success(
      { service_id: Type.String(), plan: Type.String(), from: Figures, to: Figures },
      'It would be accepted.',
    ),
  },
  failures: failures(
    'invalid_json',
    'unknown_plan',
    'service_not_found',
    'service_failed',
    'service_terminated',
    'plan_too_small',
    'state_damaged',
  ),
};

export const upgradeCheckRoute: Route = (app, context) => {
  app.post('/wp/upgrade/check', { schema }, async (request) => {
    const { service_id: id, plan: word } = request.body;
    const caller = callerOf(request);
    const { service, plan, warnings } = await checkUpgrade(context, caller, String(id), word);
    warn(request, ...warnings);
    return {
      success: true as const,
      service_id: service.id,
      plan: plan.name,
      from: figures(service.plan),
      to: figures(plan),
    };
  });
};

const figures = ({ name, memoryMb, diskGb, cores, domains, backups }: Plan) => ({
  name,
  memory_mb: memoryMb,
  disk_gb: diskGb,
  cores,
  domains,
  backups,
});
