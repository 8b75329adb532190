/** Modules in responses, for operators. */
import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import { MODULE_STATES, MODULE_TYPES, type ModuleView } from '../../model/module-view.js';
import { JOB_STATUSES } from '../../model/job.js';
import { LIFECYCLE_KINDS } from '../../model/job-kinds.js';
import { PARTS } from '../../model/part.js';
import { viewRoutes, ModulePermission, ModuleRoute, SidebarEntry } from './module-routes.js';
import { JOB } from './examples.js';
import { flag, instant, list, nullable, text, uuid, whole, word } from './fields.js';

const ScheduleView = Type.Object(
  {
    name: text('The name of the schedule.', 'nightly'),
    times: text(
      'When the schedule runs: an interval, or a cron expression and its time zone.',
      '30 2 * * * UTC',
    ),
    last_run: nullable(instant('The time at which the last run began.'), null),
    next_run: nullable(instant('The time of the next run.')),
    last_task_id: nullable(uuid('The task of the last run.', JOB), null),
  },
  { title: 'ModuleSchedule', description: 'Recurring work of a module.' },
);

export const ModuleParams = Type.Object({
  type: Type.String({ maxLength: 64, description: 'The type of the module.', examples: ['product'] }),
  name: Type.String({ maxLength: 200, description: 'The name of the module.', examples: ['wordpress'] }),
});

const HASH = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c';

const short = {
  type: word(MODULE_TYPES, 'The type of the module.', 'product'),
  name: text('The name of the module. No other module of the same type has this name.', 'wordpress'),
  title: nullable(
    text('The title of the module. The value is null if the code of the module cannot be read.', 'WordPress'),
  ),
  version: nullable(
    text('The version of the module. The value is null if the code of the module cannot be read.', '1.0.0'),
  ),
  state: word(
    MODULE_STATES,
    '`active`: the module is in use. `inactive`: the module can be read, but is not in use. ' +
      '`updating`: the module is in use, and its new jobs wait for its update. `error`: the module cannot ' +
      'be used. `missing`: the module is needed, but not installed.',
    'active',
  ),
  reason: nullable(
    text(
      'Why the module is not active, or why its last update failed, in words for the operator. ' +
        'Otherwise, the value is null.',
      'its code threw',
    ),
    null,
  ),
  update_available: flag(
    'True if the folder of the module contains another version that can be used. ' +
      '`POST /modules/{type}/{name}/update` starts to use it.',
    false,
  ),
  available_version: nullable(
    text("The other version in the module's folder. The value is null if there is none.", '1.1.0'),
    null,
  ),
  services: whole(
    'The number of services that need the module, including deleted services that are still kept.',
    12,
  ),
};

export const ModuleSummary = Type.Object(short, {
  title: 'ModuleSummary',
  description: 'A summary of a module, which shows whether it can be used.',
});

const dataSchema = (description: string, example: string) =>
  Type.Unsafe<JsonObject | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description: `${description} The value is null if the module declares none.`,
    examples: [{ type: 'object', properties: { [example]: { type: 'string' } } }],
  });

export const ModuleJob = Type.Object(
  {
    id: uuid('The id of the job.', '0198d2f0-6c1e-7b3a-9a52-0d6b8f1c2e34'),
    method: word(LIFECYCLE_KINDS, 'What the job does.', 'activateModule'),
    status: word(JOB_STATUSES, 'The status of the job.', 'completed'),
    version: text('The version that the job concerns.', '1.0.0'),
    error: nullable(text('Why the job failed, in words for the operator.', 'its code threw'), null),
    created_at: instant('When the job was created.'),
    ended_at: nullable(instant('When the job ended. The value is null if it has not ended.')),
  },
  { title: 'ModuleJob', description: 'A job of a module itself.' },
);

export const ModuleDetail = Type.Object(
  {
    ...short,
    hash: nullable(
      text(
        "The SHA-256 hash of the module's files in hexadecimal. The value is null if the files cannot be " +
          'read.',
        HASH,
      ),
    ),
    path: nullable(
      text(
        'The folder of the module. The value is null if the module is not installed.',
        '/usr/lib/innkeeper/modules/product/wordpress',
      ),
    ),
    update_problem: nullable(
      text(
        "Why the other version in the module's folder cannot be used. The value is null if it can, or if " +
          'there is none.',
        'its code threw',
      ),
      null,
    ),
    former_versions: list(
      'Earlier versions that `POST /modules/{type}/{name}/activate` can activate again.',
      [],
    ),
    jobs: Type.Array(ModuleJob, {
      description:
        'The jobs that activated, updated or deactivated the module, sorted from newest to oldest.',
    }),
    parts: Type.Array(word(PARTS, 'A part of a service.', 'guest'), {
      description: 'The optional parts that the services of the module have.',
      examples: [['guest', 'site']],
    }),
    abilities: Type.Array(Type.String(), {
      description:
        'The kinds of jobs that the module supports. Requests for all other kinds are refused with ' +
        '`not_supported`.',
      examples: [['create', 'upgrade']],
    }),
    settings_schema: Type.Unsafe<JsonObject | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description:
        "The JSON Schema of the module's settings in the configuration. The value is null if the code " +
        'of the module cannot be read.',
      examples: [{ type: 'object', properties: { locale: { type: 'string' } } }],
    }),
    product_data_schema: dataSchema(
      'The JSON Schema of the product data that a plan of the module holds.',
      'quota_gb',
    ),
    service_data_schema: dataSchema('The JSON Schema of the data of a service.', 'language'),
    instance_schema: dataSchema('The JSON Schema of the data of a channel or gateway.', 'server'),
    permissions: Type.Array(ModulePermission, {
      description: 'The permissions of the module, which tokens can get.',
    }),
    routes: Type.Array(ModuleRoute, { description: 'The routes that the module serves.' }),
    schedules: Type.Array(ScheduleView, { description: 'The recurring work of the module.' }),
    sidebar: Type.Array(SidebarEntry, { description: 'The entries of the module in the sidebar.' }),
    servers: Type.Unsafe<JsonObject | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description:
        'What the module declares about its servers: the JSON Schemas of their `data` and `credentials`, and ' +
        'the default `port`. The value is null if the module uses no servers.',
      examples: [null],
    }),
  },
  { title: 'Module', description: 'A module with details, but without its settings.' },
);

export function summaryOf(module: ModuleView): Static<typeof ModuleSummary> {
  const { type, name, title, version, state, reason, services, available } = module;
  return {
    ...{ type, name, title, version, state, reason, services },
    update_available: available !== null && available.reason === null,
    available_version: available?.version ?? null,
  };
}

export function detailOf(module: ModuleView): Omit<Static<typeof ModuleDetail>, 'schedules'> {
  const { hash, path, parts, abilities, settingsSchema, productDataSchema, serviceDataSchema, servers } =
    module;
  return {
    ...summaryOf(module),
    ...{ hash, path, parts: [...parts], abilities: [...abilities] },
    update_problem: module.available?.reason ?? null,
    former_versions: [...module.formerVersions],
    jobs: module.jobs.map(({ createdAt, endedAt, ...job }) => ({
      ...job,
      created_at: createdAt,
      ended_at: endedAt,
    })),
    settings_schema: settingsSchema,
    product_data_schema: productDataSchema,
    service_data_schema: serviceDataSchema,
    instance_schema: module.instanceSchema,
    ...viewRoutes(module),
    servers: servers ? { data: servers.data, credentials: servers.credentials, port: servers.port } : null,
  };
}
