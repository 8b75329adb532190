/** POST /modules/rescan */
import { Type } from 'typebox';
import { ModuleSummary, summaryOf } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

/** The longest wait for the scan, because the API promises a response within 20 s. */
const MOST_WAIT_MS = 18_000;

export const rescanModulesRoute = jsonRoute({
  call: 'POST /modules/rescan',
  id: 'rescanModules',
  tag: 'Operation',
  summary: 'Read the modules again',
  description:
    'Reads the module folders of the configuration again. New modules and new versions are used ' +
    'for new jobs; jobs that were accepted before keep the code that they were accepted with. ' +
    'Neither the shipped modules nor the settings are read again. While `scanning` is true, repeat ' +
    'the request.',
  answer: Type.Object({
    scanning: Type.Boolean({
      description:
        'True while modules are still being read. During this time, `modules` shows the state before ' +
        'the request.',
      examples: [false],
    }),
    modules: Type.Array(ModuleSummary, { description: 'The modules.' }),
  }),
  answers: { 200: 'The modules.' },
  handle: async (_, { rescanModules, modules }) => ({
    scanning: !(await rescanModules(MOST_WAIT_MS)),
    modules: modules().map(summaryOf),
  }),
});
