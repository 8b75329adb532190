/** GET /plans */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import type { Plan } from '../../../model/plan.js';
import { OPTION_FIELDS, type OptionName } from '../../../model/plan-option.js';
import { list, whole } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

const DISK = {
  type: 'object',
  properties: {
    disk_gb: {
      type: 'integer',
      title: 'Disk (GB)',
      minimum: 20,
      maximum: 100,
      default: 20,
      'x-step': 20,
    },
  },
  additionalProperties: false,
};

const PlanView = Type.Object(
  {
    name: PlanName,
    aliases: list('Other names of the plan that panels may send, in upper or lower case.', [
      'WordPress Basic',
    ]),
    memory_mb: whole('Memory in MiB.', 2048),
    swap_mb: whole('Swap space in MiB.', 512),
    disk_gb: whole('Disk space in GiB.', 20),
    cores: whole('CPU cores.', 2),
    domains: whole('The maximum number of custom domains of a service.', 3),
    backups: whole('The maximum number of backups of a service.', 2),
    options: Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description:
        'The options that an order may set in `properties`, as a JSON Schema for a form. For ' +
        'each option, `default` is the value of the plan, and other values must differ from `default` ' +
        'by a multiple of `x-step`.',
      examples: [DISK],
    }),
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
      options: optionsForm(plan),
    })),
  }),
});

const TITLES: Readonly<Record<OptionName, string>> = {
  memory_mb: 'Memory (MB)',
  swap_mb: 'Swap (MB)',
  disk_gb: 'Disk (GB)',
  cores: 'CPU cores',
  domains: 'Domains',
  backups: 'Backups',
};

function optionsForm(plan: Plan): JsonObject {
  const fields = (plan.options ?? []).map(({ name, min, max, step }): [string, JsonObject] => [
    name,
    {
      type: 'integer',
      title: TITLES[name],
      minimum: min,
      maximum: max,
      default: plan[OPTION_FIELDS[name]],
      'x-step': step,
    },
  ]);
  return { type: 'object', properties: Object.fromEntries(fields), additionalProperties: false };
}
