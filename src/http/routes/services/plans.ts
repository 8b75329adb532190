/** GET /plans */
import { Type } from 'typebox';
import { list, whole } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

const PlanView = Type.Object(
  {
    name: PlanName,
    aliases: list('Other names that panels may send. Case does not matter.', ['WordPress Basic']),
    memory_mb: whole('Memory in MiB.', 2048),
    swap_mb: whole('Swap space in MiB.', 512),
    disk_gb: whole('Disk space in GiB.', 20),
    cores: whole('CPU cores.', 2),
    domains: whole('How many custom domains it allows.', 3),
    backups: whole('How many backups it allows.', 2),
  },
  { title: 'Plan', description: 'A plan that can be ordered.' },
);

export const plansRoute = jsonRoute({
  call: 'GET /plans',
  id: 'listPlans',
  tag: 'Plans',
  summary: 'List the plans',
  answer: Type.Object({ plans: Type.Array(PlanView, { description: 'All plans.' }) }),
  answers: { 200: 'The plans that can be ordered.' },
  handle: (_, { config }) => ({
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
  }),
});
