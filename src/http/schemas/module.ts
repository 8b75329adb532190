/** A module as operators see it. */
import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import { MODULE_STATES, MODULE_TYPES, type ModuleView } from '../../model/module-view.js';
import { PARTS } from '../../model/part.js';
import { nullable, text, whole, word } from './fields.js';

export const ModuleParams = Type.Object({
  type: Type.String({ maxLength: 64, description: 'The type of the module.', examples: ['product'] }),
  name: Type.String({ maxLength: 200, description: 'The name of the module.', examples: ['wordpress'] }),
});

const HASH = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c';

const short = {
  type: word(MODULE_TYPES, 'The type of the module.', 'product'),
  name: text('The name of the module, unique among those of its type.', 'wordpress'),
  title: nullable(text('Its title. Null: its code cannot be read.', 'WordPress')),
  version: nullable(text('Its version. Null: its code cannot be read.', '1.0.0')),
  state: word(
    MODULE_STATES,
    '`active`: in use. `inactive`: this release does not run modules of its type. `error`: it cannot be used. `missing`: needed, but not installed.',
    'active',
  ),
  reason: nullable(text('Why it is not active, for the operator.', 'its code threw'), null),
  services: whole('Number of services that need it, including deleted ones that are still kept.', 12),
};

export const ModuleSummary = Type.Object(short, {
  title: 'ModuleSummary',
  description: 'A module and whether it can be used.',
});

export const ModuleDetail = Type.Object(
  {
    ...short,
    hash: nullable(text('SHA-256 of its files, hexadecimal. Null: they cannot be read.', HASH)),
    path: nullable(
      text('Its folder. Null: it is not installed.', '/usr/lib/innkeeper/modules/product/wordpress'),
    ),
    parts: Type.Array(word(PARTS, 'A part of a service.', 'guest'), {
      description: 'The optional parts of its services.',
      examples: [['guest', 'site']],
    }),
    abilities: Type.Array(Type.String(), {
      description:
        'The kinds of jobs that it has a flow for. Calls for others are answered with `not_supported`.',
      examples: [['create', 'upgrade']],
    }),
    settings_schema: Type.Unsafe<JsonObject | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description: 'JSON Schema of its settings in the configuration. Null: its code cannot be read.',
      examples: [{ type: 'object', properties: { locale: { type: 'string' } } }],
    }),
  },
  { title: 'Module', description: 'A module in detail. Its settings are left out.' },
);

export function summaryOf(module: ModuleView): Static<typeof ModuleSummary> {
  const { type, name, title, version, state, reason, services } = module;
  return { type, name, title, version, state, reason, services };
}

export function detailOf(module: ModuleView): Static<typeof ModuleDetail> {
  const { hash, path, parts, abilities, settingsSchema } = module;
  return {
    ...summaryOf(module),
    ...{ hash, path, parts: [...parts], abilities: [...abilities] },
    settings_schema: settingsSchema,
  };
}
