/** POST /modules/{type}/{name}/activate, /update and /deactivate */
import { Type } from 'typebox';
import type { Job } from '../../../model/job.js';
import type { ModuleId } from '../../../model/module-record.js';
import { MODULE_STATES } from '../../../model/module-view.js';
import { flag, nullable, text, uuid, word } from '../../schemas/fields.js';
import { ModuleParams } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';
import type { RouteContext } from '../../server/route.js';

const answer = Type.Object({
  state: word(MODULE_STATES, 'The state of the module after the request.', 'inactive'),
  job_id: nullable(
    uuid(
      'The id of the job that was accepted. `jobs` of `GET /modules/{type}/{name}` shows how it ends. The ' +
        'value is null if there was nothing to do.',
      '0198d2f0-6c1e-7b3a-9a52-0d6b8f1c2e34',
    ),
  ),
});
const answers = { 200: 'There was nothing to do.', 202: 'The job was accepted.' };
const common = { tag: 'Operation', params: ModuleParams, answer, answers } as const;

export const activateModuleRoute = jsonRoute({
  ...common,
  call: 'POST /modules/:type/:name/activate',
  id: 'activateModule',
  summary: 'Activate a module',
  description:
    'Starts to use the module, or one of its earlier versions. If the module is active in another version, ' +
    'the request is an update to `version`.',
  body: Type.Object({
    version: Type.Optional({
      ...text("The version to use. Default: the version in the module's folder.", '1.0.0'),
      maxLength: 100,
    }),
  }),
  failures: ['module_not_found', 'module_unusable', 'module_busy', 'state_unavailable'],
  handle: async ({ params, body: { version }, request, reply }, context) => {
    const job = await context.moduleLifecycle.activate(params, { version, requestId: request.id });
    void reply.code(job ? 202 : 200);
    return viewAccepted(context, params, job);
  },
});

export const updateModuleRoute = jsonRoute({
  ...common,
  call: 'POST /modules/:type/:name/update',
  id: 'updateModule',
  summary: 'Update a module',
  description:
    "Starts to use the version in the module's folder. New jobs of the module wait. Running jobs end with " +
    'the former version; if they take longer than 10 minutes, the update fails and the former version ' +
    'stays in use.',
  failures: ['module_not_found', 'module_inactive', 'module_unusable', 'module_busy', 'state_unavailable'],
  handle: async ({ params, request, reply }, context) => {
    const job = await context.moduleLifecycle.update(params, { requestId: request.id });
    void reply.code(job ? 202 : 200);
    return viewAccepted(context, params, job);
  },
});

export const deactivateModuleRoute = jsonRoute({
  ...common,
  call: 'POST /modules/:type/:name/deactivate',
  id: 'deactivateModule',
  summary: 'Deactivate a module',
  description:
    'Stops using the module. Its data and settings are kept, unless `purge` is set. A module that services ' +
    'need cannot be deactivated.',
  body: Type.Object({
    purge: Type.Optional(
      flag("Also delete the module's documents, cache, log and stored secrets, but not its settings.", false),
    ),
    force: Type.Optional(
      flag('Do not call the code of the module. For a module whose deactivation fails.', false),
    ),
  }),
  failures: ['module_not_found', 'module_in_use', 'module_busy', 'state_unavailable'],
  handle: async ({ params, body: { purge = false, force = false }, request, reply }, context) => {
    const wanted = { purge, force, requestId: request.id };
    const job = await context.moduleLifecycle.deactivate(params, wanted);
    void reply.code(job ? 202 : 200);
    return viewAccepted(context, params, job);
  },
});

function viewAccepted({ modules }: RouteContext, { type, name }: ModuleId, job: Job | null) {
  const found = modules().find((one) => one.type === type && one.name === name);
  return { state: found?.state ?? 'missing', job_id: job?.id ?? null };
}
