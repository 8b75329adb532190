/** PATCH /services/{id} */
import { Type } from 'typebox';
import { viewData } from '../../../drift/read-service.js';
import type { JsonObject } from '../../../kernel/json.js';
import { localeOf } from '../../../model/locale.js';
import { prepareDataChange } from '../../../services/change-data.js';
import { changeOwner } from '../../../services/change-owner.js';
import { ServiceIdText } from '../../schemas/common.js';
import { CUSTOMER } from '../../schemas/examples.js';
import { text } from '../../schemas/fields.js';
import { CustomerLocale, DataView, UserId } from '../../schemas/service.js';
import { jobRoute } from '../../server/job-route.js';

const NEW_OWNER = 'new.owner@example.com';

export const changeServiceRoute = jobRoute({
  call: 'PATCH /services/:id',
  id: 'updateService',
  tag: 'Services',
  summary: 'Change the owner, the language or the data of a service',
  description:
    "A new e-mail address is also set for the site's administrator. If the site is stopped, this " +
    'happens when it is next started. Omitted fields are not changed. If the job fails, the owner is not ' +
    'changed.',
  params: Type.Object({ id: ServiceIdText }),
  body: Type.Object(
    {
      email: Type.Optional(
        Type.String({
          maxLength: 254,
          pattern: '@',
          'x-rule': 'must be an e-mail address such as name@example.com',
          description: "The new owner's e-mail address.",
          examples: [NEW_OWNER],
        }),
      ),
      user_id: Type.Optional(
        Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Integer(), Type.Null()], {
          'x-rule': 'must be text of at most 128 characters, a whole number, or null',
          description: 'The ID of the new owner in the panel. Null removes the ID.',
          examples: [CUSTOMER],
        }),
      ),
      locale: Type.Optional(
        Type.Union([Type.String({ maxLength: 64 }), Type.Null()], {
          'x-rule': 'must be a language tag such as de or pt-BR, or null',
          description:
            "The customer's language (BCP 47). Null selects the default language of the panel. The " +
            'site keeps the language in which it was created.',
          examples: ['de'],
        }),
      ),
      properties: Type.Optional(
        Type.Unsafe<JsonObject>({
          type: 'object',
          'x-rule': 'must be an object',
          additionalProperties: true,
          description:
            'New values for the data of the service. Only fields that the product declares as changeable ' +
            'can be changed. Null removes a value. Omitted fields are not changed.',
          examples: [{}],
        }),
      ),
    },
    { minProperties: 1 },
  ),
  answer: Type.Object({
    email: text("The owner's e-mail address.", NEW_OWNER),
    user_id: UserId,
    locale: CustomerLocale,
    data: DataView,
  }),
  done: 'The owner was changed.',
  failures: ['not_supported', 'recipe_failed', 'container_host_timeout'],
  start: async ({ caller, params, body }, context) => {
    const { email, user_id: userId, locale, properties } = body;
    // nothing is changed unless all of it can be changed
    const change = properties && (await prepareDataChange(context, caller, params.id, properties));
    const owner = await changeOwner(context, caller, params.id, {
      email,
      locale,
      userId: userId === undefined || userId === null ? userId : String(userId),
    });
    if (!change) return owner;
    return { ...owner, service: await change.commit(), warnings: change.warnings };
  },
  view: ({ service }, _, { config, products }) => ({
    email: service.email,
    user_id: service.userId,
    locale: localeOf(service, config.panels),
    data: viewData(products, service),
  }),
});
