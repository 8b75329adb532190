/** POST /modules/install: available only at the unix socket, because the code of a module runs as the agent's user. */
import { Readable } from 'node:stream';
import { AgentError } from '../../../kernel/errors.js';
import { success } from '../../schemas/common.js';
import { ModuleDetail, detailOf } from '../../schemas/module.js';
import { schemaOf } from '../../server/endpoint.js';
import type { Route } from '../../server/route.js';

const schema = schemaOf(
  {
    call: 'POST /modules/install',
    id: 'installModule',
    tag: 'Operation',
    summary: 'Install a module',
    description: 'The body is a tgz from `innkeeper module pack`. The module is not activated.',
    failures: ['module_exists', 'module_unusable', 'state_unavailable'],
  },
  { 200: success(ModuleDetail, 'The module was installed.') },
);

const TYPES = ['application/gzip', 'application/x-gzip', 'application/octet-stream'];

export const installModuleRoute: Route = (app, { installModule, modules, schedules }) => {
  void app.register(async (scope) => {
    scope.addContentTypeParser(TYPES, (_, payload, done) => done(null, payload));
    scope.post('/modules/install', { schema }, async (request) => {
      const body: unknown = request.body;
      if (!(body instanceof Readable))
        throw new AgentError('unsupported_media_type', 'The request body must be a tgz (application/gzip).');
      const { type, name } = await installModule(body);
      const found = modules().find((one) => one.type === type && one.name === name);
      if (!found) throw new AgentError('module_not_found', 'There is no such module.');
      request.log.info({ module: `${type}/${name}`, version: found.version }, 'a module was installed');
      return { success: true as const, ...detailOf(found), schedules: [...schedules(type, name)] };
    });
  });
};
