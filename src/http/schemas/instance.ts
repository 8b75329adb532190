/** Channels and gateways, the instances of modules, in requests and responses. */
import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import { isSecretReference } from '../../model/data-schema.js';
import { INSTANCE_ID, type ModuleInstance } from '../../model/module-instance.js';
import { MASK } from '../../model/service-data.js';
import { instant, text } from './fields.js';

const EXAMPLE = { server: 'smtp.example.com', password: MASK };

const InstanceId = Type.String({
  pattern: INSTANCE_ID,
  'x-rule': 'must be 1 to 64 lower-case letters, digits, dots, underscores or hyphens',
  description: 'The ID of the instance.',
  examples: ['operators'],
});

export const InstanceParams = Type.Object({
  id: Type.String({ maxLength: 200, description: 'The ID of the instance.', examples: ['operators'] }),
});

export const InstanceView = Type.Object(
  {
    id: InstanceId,
    module: text('The name of the module.', 'smtp'),
    name: text('The name of the instance for people.', 'Mail to operators'),
    data: Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description: 'The data that the module describes with `instance_schema`. Secrets are masked.',
      examples: [EXAMPLE],
    }),
    webhook_path: text(
      'The path to which the remote system sends its requests, if the module handles them.',
      '/webhooks/notification/smtp/operators',
    ),
    created_at: instant('When the instance was created.'),
    updated_at: instant('When the instance was last changed.'),
  },
  { title: 'ModuleInstance', description: 'A channel or a gateway.' },
);

export const instanceFields = {
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      'x-rule': 'must be text of 1 to 200 characters',
      description: 'A name for people. If it is omitted, a new instance gets its ID as the name.',
      examples: ['Mail to operators'],
    }),
  ),
  data: Type.Unsafe<JsonObject>({
    type: 'object',
    additionalProperties: true,
    'x-rule': 'must be an object',
    description:
      'The data that the module describes with `instance_schema`. In a replacement, `********` keeps a secret ' +
      'as it is.',
    examples: [{ server: 'smtp.example.com', password: 'a-password' }],
  }),
};

export const newInstanceFields = {
  id: Type.Optional(InstanceId),
  module: Type.String({
    maxLength: 200,
    'x-rule': 'must be the name of a module',
    description: 'The name of the module.',
    examples: ['smtp'],
  }),
  ...instanceFields,
};

export function viewInstance(instance: ModuleInstance): Static<typeof InstanceView> {
  const { id, type, module, name, data, createdAt, updatedAt } = instance;
  const shown = Object.entries(data).map(([field, value]) => [
    field,
    isSecretReference(value) ? MASK : value,
  ]);
  return {
    ...{ id, module, name, data: Object.fromEntries(shown) as JsonObject },
    webhook_path: `/webhooks/${type}/${module}/${id}`,
    ...{ created_at: createdAt, updated_at: updatedAt },
  };
}
