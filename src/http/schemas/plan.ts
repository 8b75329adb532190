/** Plans in requests and responses. */
import { type Static, type TObject, Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import type { Plan } from '../../model/plan.js';
import { type CommonOption, isCommonOption, ownValue } from '../../model/plan-option.js';
import { PLAN_NAME } from '../../model/stored-plan.js';
import { SERVER_WORD } from '../../model/server.js';
import { type ListedPlan, PLAN_SOURCES } from '../../services/plan-list.js';
import { flag, list, nullable, text, whole, word } from './fields.js';
import { PlanName } from './service.js';

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

const freeObject = (description: string, example: JsonObject) =>
  Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true, description, examples: [example] });

const NO_CONTAINER = 'The value is 0 if the product has no container.';

export const PlanView = Type.Object(
  {
    name: PlanName,
    aliases: list('Other names of the plan that panels may send, in upper or lower case.', [
      'WordPress Basic',
    ]),
    module: nullable(
      text(
        'The product module of the plan. The value is null if the plan can be ordered with every ' +
          'product.',
        'wordpress',
      ),
      null,
    ),
    server_group: nullable(
      text(
        'The group of servers on which the product creates accounts. The value is null if the plan names ' +
          'none; the group is then `default` for products that use servers.',
        'default',
      ),
      null,
    ),
    memory_mb: whole(`Memory in MiB. ${NO_CONTAINER}`, 2048),
    swap_mb: whole('Swap space in MiB.', 512),
    disk_gb: whole(`Disk space in GiB. ${NO_CONTAINER}`, 20),
    cores: whole(`CPU cores. ${NO_CONTAINER}`, 2),
    domains: whole('The maximum number of custom domains of a service.', 3),
    backups: whole('The maximum number of backups of a service.', 2),
    pools: list(
      'The address pools of the containers. If the list is empty, all pools are used that are not reserved for ' +
        'plans.',
      [],
    ),
    location: nullable(
      text('The location of the containers. The value is null if every node may be used.', 'frankfurt'),
      null,
    ),
    data: freeObject('The product data of the plan, which the module defines. Defaults are filled in.', {}),
    options: freeObject(
      'The options that an order may set in `properties`, as a JSON Schema for a form. For each option, ' +
        '`default` is the value of the plan, and other values must differ from `default` by a multiple of ' +
        '`x-step`.',
      DISK,
    ),
    source: word(
      PLAN_SOURCES,
      '`file`: the plan is in the configuration and can be changed only there. `api`: the plan was created ' +
        'by `POST /plans`.',
      'file',
    ),
    available: flag('True if the plan can be ordered and delivered now.', true),
    sold_out: nullable(
      text(
        'The resource that is used up, so that an order of the plan would wait. The value is null if a service ' +
          'can be delivered.',
        'No address is left for another service of this plan.',
      ),
      null,
    ),
    problem: nullable(
      text(
        'The reason why the plan cannot be ordered. The value is null if the plan can be ordered, and ' +
          'for callers other than operators.',
        'data.quota_gb must be >= 1',
      ),
      null,
    ),
  },
  { title: 'Plan', description: 'A plan that can be ordered.' },
);

const count = (description: string, minimum: number, maximum: number, example: number) =>
  Type.Optional(
    Type.Integer({
      ...{ minimum, maximum, description, examples: [example] },
      'x-rule': `must be a whole number from ${minimum} to ${maximum}`,
    }),
  );

const Option = Type.Object({
  name: Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$',
    'x-rule': 'must be a field of the plan or a key of its data',
    description: 'The field of the plan that the option sets, or the key of a number in `data`.',
    examples: ['disk_gb'],
  }),
  min: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "The smallest value. If the field is omitted, it is the plan's own value.",
      examples: [20],
    }),
  ),
  max: Type.Integer({ minimum: 0, description: 'The largest value.', examples: [100] }),
  step: Type.Optional(
    Type.Integer({
      minimum: 1,
      default: 1,
      description: "The step between values, counted from the plan's own value.",
      examples: [20],
    }),
  ),
});

/** The values of a plan, without its name. */
export const planFields = {
  aliases: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 100,
      'x-rule': 'must be a list of at most 100 names',
      description: 'Other names of the plan that panels may send, in upper or lower case.',
      examples: [['Nextcloud 10 GB']],
    }),
  ),
  module: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      'x-rule': 'must be the name of a product',
      description:
        'The product module of the plan. If the field is omitted, the plan can be ordered with every ' +
        'product.',
      examples: ['wordpress'],
    }),
  ),
  server_group: Type.Optional(
    Type.Union([Type.String({ pattern: SERVER_WORD }), Type.Null()], {
      'x-rule': 'must be the name of a group of servers',
      description:
        'The group of servers on which the product creates accounts. If the value is null or omitted, the group ' +
        'is `default`. Only for products that use servers.',
      examples: [null],
    }),
  ),
  memory_mb: count('Memory of the container in MiB.', 64, 4_194_304, 2048),
  swap_mb: count('Swap space in MiB; the default is 512.', 0, 4_194_304, 512),
  disk_gb: count('Disk space in GiB.', 1, 65_536, 20),
  cores: count('CPU cores.', 1, 512, 2),
  domains: count('The maximum number of custom domains of a service; the default is 0.', 0, 10_000, 3),
  backups: count('The maximum number of backups of a service; the default is 0.', 0, 1_000, 2),
  pools: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      maxItems: 100,
      'x-rule': 'must be a list of names of pools',
      description:
        'The address pools of the containers. If the list is empty, all pools are used that are not reserved for ' +
        'plans.',
      examples: [['public']],
    }),
  ),
  location: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      'x-rule': 'must be the name of a location',
      description: 'The location of the containers. If the field is omitted, every node may be used.',
      examples: ['frankfurt'],
    }),
  ),
  data: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      'x-rule': 'must be an object',
      additionalProperties: true,
      description: 'The product data of the plan. `GET /modules/{type}/{name}` shows its schema.',
      examples: [{}],
    }),
  ),
  options: Type.Optional(
    Type.Array(Option, {
      maxItems: 100,
      description: 'The options that an order may set in `properties`.',
      examples: [[]],
    }),
  ),
};

const DEFAULT_SWAP_MB = 512;

export const NewPlanName = Type.String({
  pattern: PLAN_NAME,
  'x-rule': 'must be 1 to 64 lower-case letters, digits, dots, underscores or hyphens',
  description: 'The name of the plan. It cannot be changed later.',
  examples: ['nextcloud-10'],
});

export const PlanParams = Type.Object({
  name: Type.String({ maxLength: 200, description: 'The name of the plan.', examples: ['basic'] }),
});

type PlanFields = Static<TObject<typeof planFields>>;

/** The plan of a request. */
export function planIn(name: string, sent: PlanFields): Plan {
  const { aliases = [], module, pools = [], location, data, options = [] } = sent;
  const plan: Plan = {
    ...{ name, aliases, ...(module === undefined ? {} : { module }) },
    ...(typeof sent.server_group === 'string' ? { serverGroup: sent.server_group } : {}),
    ...{ memoryMb: sent.memory_mb ?? 0, swapMb: sent.swap_mb ?? DEFAULT_SWAP_MB, diskGb: sent.disk_gb ?? 0 },
    ...{ cores: sent.cores ?? 0, domains: sent.domains ?? 0, backups: sent.backups ?? 0 },
    ...(pools.length === 0 ? {} : { pools }),
    ...(location === undefined ? {} : { location }),
    ...(data === undefined ? {} : { data }),
  };
  if (options.length === 0) return plan;
  return {
    ...plan,
    options: options.map(({ name: option, min, max, step = 1 }) => ({
      ...{ name: option, min: min ?? ownValue(plan, option) ?? 0, max, step },
    })),
  };
}

export function viewPlan(
  { plan, source, problem }: ListedPlan,
  forOperator: boolean,
  isSoldOut: (plan: Plan) => string | null,
): Static<typeof PlanView> {
  const lack = isSoldOut(plan);
  return {
    name: plan.name,
    aliases: [...plan.aliases],
    module: plan.module ?? null,
    server_group: plan.serverGroup ?? null,
    memory_mb: plan.memoryMb,
    swap_mb: plan.swapMb,
    disk_gb: plan.diskGb,
    cores: plan.cores,
    domains: plan.domains,
    backups: plan.backups,
    pools: [...(plan.pools ?? [])],
    location: plan.location ?? null,
    data: plan.data ?? {},
    options: optionsForm(plan),
    source,
    available: problem === null && lack === null,
    sold_out: lack,
    problem: forOperator ? problem : null,
  };
}

const TITLES: Readonly<Record<CommonOption, string>> = {
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
      title: isCommonOption(name) ? TITLES[name] : name,
      minimum: min,
      maximum: max,
      default: ownValue(plan, name) ?? min,
      'x-step': step,
    },
  ]);
  return { type: 'object', properties: Object.fromEntries(fields), additionalProperties: false };
}
