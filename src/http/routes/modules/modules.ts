/** GET /modules */
import { Type } from 'typebox';
import { ModuleSummary, summaryOf } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

export const modulesRoute = jsonRoute({
  call: 'GET /modules',
  id: 'listModules',
  tag: 'Operation',
  summary: 'List the modules',
  description: 'Returns all installed modules, and all other modules that services need.',
  answer: Type.Object({
    modules: Type.Array(ModuleSummary, { description: 'All modules, sorted by type and name.' }),
  }),
  answers: { 200: 'All modules, sorted by type and name.' },
  handle: (_, { modules }) => ({ modules: modules().map(summaryOf) }),
});
