/** GET /modules/{type}/{name} */
import { AgentError } from '../../../kernel/errors.js';
import { detailOf, ModuleDetail, ModuleParams } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

export const moduleRoute = jsonRoute({
  call: 'GET /modules/:type/:name',
  id: 'getModule',
  tag: 'Operation',
  summary: 'Retrieve a module',
  description: 'Returns what the module declares. If the module cannot be used, `reason` says why.',
  params: ModuleParams,
  answer: ModuleDetail,
  answers: { 200: 'The module.' },
  failures: ['module_not_found'],
  handle: ({ params: { type, name } }, { modules, schedules }) => {
    const found = modules().find((one) => one.type === type && one.name === name);
    if (!found) throw new AgentError('module_not_found', 'There is no such module.');
    return { ...detailOf(found), schedules: [...schedules(type, name)] };
  },
});
