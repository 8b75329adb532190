/** POST /services/{id}/actions/{name} */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import { startAction } from '../../../services/start-action.js';
import { ServiceIdText } from '../../schemas/common.js';
import { text } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';

const ACTION = 'rotate-key';

export const actionOfServiceRoute = jobRoute({
  call: 'POST /services/:id/actions/:name',
  id: 'startAction',
  tag: 'Services',
  summary: "Start one of the product's own actions",
  description:
    '`GET /services/{id}` lists the actions of the service in `actions`, with a JSON Schema of their input.',
  params: Type.Object({
    id: ServiceIdText,
    name: Type.String({ maxLength: 64, description: 'The name of the action.', examples: [ACTION] }),
  }),
  body: Type.Object({
    input: Type.Optional(
      Type.Unsafe<JsonObject>({
        type: 'object',
        'x-rule': 'must be an object',
        additionalProperties: true,
        description: 'The input of the action.',
        examples: [{}],
      }),
    ),
  }),
  answer: Type.Object({ action: text('The name of the action.', ACTION) }),
  done: 'The action was completed.',
  failures: ['service_suspended', 'not_supported', 'module_failed'],
  start: ({ caller, params: { id, name }, body: { input = {} } }, context) =>
    startAction(context, caller, id, { name, input }),
  view: (_, { params: { name } }) => ({ action: name }),
});
