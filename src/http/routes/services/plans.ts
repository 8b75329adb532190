/** GET /plans */
import { Type } from 'typebox';
import type { Route } from '../../server/route.js';
import { failures, success } from '../../schemas/common.js';

const PlanView = Type.Object({
  name: Type.String(),
  aliases: Type.Array(Type.String()),
  memory_mb: Type.Integer(),
  swap_mb: Type.Integer(),
  disk_gb: Type.Integer(),
  cores: Type.Integer(),
  domains: Type.Integer(),
  backups: Type.Integer(),
});

const schema = {
  summary: 'Lists the plans on sale',
  tags: ['Plans'],
  response: { 200: success({ plans: Type.Array(PlanView) }, 'All plans.') },
  failures: failures(),
};

export const plansRoute: Route = (app, { config }) => {
  app.get('/plans', { schema }, () => ({
    success: true as const,
    plans: config.plans.map((plan) => ({
      name: plan.name,
      aliases: [...plan.aliases],
      memory_mb: plan.memoryMb,
      swap_mb: plan.swapMb,
      disk_gb: plan.diskGb,
      cores: plan.cores,
      domains: plan.domains,
      backups: plan.backups,
    })),
  }));
};
