/** GET /modules */
import { Type } from 'typebox';
import { ModuleSummary, summaryOf } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

export const modulesRoute = jsonRoute({
  call: 'GET /modules',
  id: 'listModules',
  tag: 'Operation',
  summary: 'List the modules',
  description: 'All modules that are installed, and those that services need.',
  answer: Type.Object({ modules: Type.Array(ModuleSummary, { description: 'The modules.' }) }),
  answers: { 200: 'The modules.' },
  handle: (_, { modules }) => ({ modules: modules().map(summaryOf) }),
});
