/** GET and PUT /modules/{type}/{name}/settings */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import type { SettingsView } from '../../../model/module-operations.js';
import { list } from '../../schemas/fields.js';
import { ModuleParams } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

const settings = (description: string) =>
  Type.Unsafe<JsonObject>({
    type: 'object',
    'x-rule': 'must be an object',
    additionalProperties: true,
    description,
    examples: [{ locale: 'en_US' }],
  });

const answer = Type.Object({
  settings: settings('All settings of the module with their defaults. Secrets are masked.'),
  configured: list(
    'The names of the settings that the configuration contains. They can be changed only there.',
    [],
  ),
  own: list('The names of the settings that were set with this endpoint.', ['locale']),
});
const common = { tag: 'Operation', params: ModuleParams, answer } as const;

export const moduleSettingsRoute = jsonRoute({
  ...common,
  call: 'GET /modules/:type/:name/settings',
  id: 'getModuleSettings',
  summary: 'Retrieve the settings of a module',
  answers: { 200: 'The settings.' },
  failures: ['module_not_found', 'module_unusable'],
  handle: ({ params }, { moduleSettings }) => view(moduleSettings.read(params)),
});

export const replaceModuleSettingsRoute = jsonRoute({
  ...common,
  call: 'PUT /modules/:type/:name/settings',
  id: 'replaceModuleSettings',
  summary: 'Replace the settings of a module',
  description:
    'Omitted settings get their defaults. A secret that is sent as `********` keeps its value. Jobs that ' +
    'were accepted before keep their settings, except secrets, which are read when they are used.',
  body: Type.Object({ settings: settings('The settings, in the form of `settings_schema`.') }),
  answers: { 200: 'The settings were replaced.' },
  failures: ['module_not_found', 'module_unusable', 'state_unavailable'],
  handle: async ({ params, body }, { moduleSettings }) =>
    view(await moduleSettings.replace(params, body.settings)),
});

function view({ settings: shown, configured, own }: SettingsView) {
  return { settings: shown, configured: [...configured], own: [...own] };
}
