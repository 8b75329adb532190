/** POST /create-site */
import { Type } from 'typebox';
import { makesTheSite } from '../../../model/job-kinds.js';
import type { JsonObject } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { createSite } from '../../../services/create-site.js';
import { wordOf } from '../../../services/read-power.js';
import { ServiceId, ServiceIdIn, StatusText } from '../../schemas/common.js';
import { CUSTOMER, DOMAIN, EMAIL, JOB, PUBLIC_IP, SERVICE, SUBDOMAIN, VMID } from '../../schemas/examples.js';
import { nullable, uuid, whole } from '../../schemas/fields.js';
import { names, PrivateIp } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';
import { readPrefer } from '../../server/prefer.js';
import type { RouteContext } from '../../server/route.js';
import { warn } from '../../server/unknown-fields.js';
import { warnOfOptions } from './option-names.js';

const AddressIn = Type.String({ maxLength: 64, pattern: '^\\s*[0-9A-Fa-f:.]+\\s*$' });

const Body = Type.Object(
  {
    service_id: ServiceIdIn,
    email: Type.String({
      maxLength: 254,
      // the e-mail address is checked completely later, when the order is checked
      pattern: '@',
      'x-rule': 'must be an e-mail address such as name@example.com',
      description:
        "The customer's e-mail address. The site's administrator account is created with this address. The " +
        'order is refused if the product cannot store the address unchanged.',
      examples: [EMAIL],
    }),
    plan: Type.String({
      minLength: 1,
      maxLength: 200,
      'x-rule': 'must be the name of a plan',
      description: 'The name or an alias of the plan, in upper or lower case.',
      examples: ['basic'],
    }),
    public_ip: Type.Union([AddressIn, Type.Array(AddressIn, { maxItems: 100 })], {
      'x-rule': 'must be an IPv4 or IPv6 address, or a list of them',
      description: 'The public address of the reverse proxy for this site.',
      examples: [PUBLIC_IP],
    }),
    subdomain: Type.Optional(
      Type.String({
        maxLength: 100,
        'x-rule': 'must be text',
        description:
          'The subdomain of the base domain. If the field is omitted, the agent derives the subdomain ' +
          'from the e-mail address.',
        examples: [SUBDOMAIN],
      }),
    ),
    domain: Type.Optional(
      Type.String({
        maxLength: 255,
        'x-rule': 'must be a domain name',
        description:
          'A custom domain. If the domain does not point to the service yet, the site is created ' +
          'without the domain, and the agent tries to add it later.',
        examples: [DOMAIN],
      }),
    ),
    user_id: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Integer()], {
        'x-rule': 'must be text of at most 128 characters, or a whole number',
        description: 'The ID of the customer in the panel.',
        examples: [CUSTOMER],
      }),
    ),
    module: Type.Optional(
      Type.String({
        maxLength: 64,
        'x-rule': 'must be the name of a product',
        description:
          'The product module. If the field is omitted, the product of the plan is used, or else the ' +
          'default product of the configuration.',
        examples: ['wordpress'],
      }),
    ),
    properties: Type.Optional(
      Type.Unsafe<JsonObject>({
        type: 'object',
        'x-rule': 'must be an object',
        additionalProperties: true,
        description:
          'The options of the plan (`GET /plans`), and the data of the service that the product declares. ' +
          'An unknown property is ignored with a warning. If a value is wrong, the default of the product ' +
          'is used, and the response contains a warning. The JSON text of the object may have at most 16 KiB.',
        examples: [{}],
      }),
    ),
    locale: Type.Optional(
      Type.String({
        maxLength: 64,
        'x-rule': 'must be a language tag such as de or pt-BR',
        description:
          "The customer's language (BCP 47). If the field is omitted, the default language of the " +
          'panel is used. The site is created in this language if the product supports it.',
        examples: ['de'],
      }),
    ),
    reservation: Type.Optional(
      Type.String({
        maxLength: 64,
        'x-rule': 'must be the ID of a reservation',
        description:
          'The ID of a reservation (`POST /reservations`) whose capacity the site uses. If the ' +
          'reservation cannot be used, the order is accepted without it, and the response contains a ' +
          'warning.',
      }),
    ),
  },
  { examples: [{ service_id: SERVICE, email: EMAIL, plan: 'basic', public_ip: PUBLIC_IP }] },
);

export const createSiteRoute = jsonRoute({
  call: 'POST /create-site',
  id: 'createSite',
  tag: 'Sites',
  summary: 'Create a site',
  description:
    'Records the order and responds immediately; the job continues in the background. The request is ' +
    'safe to repeat: the same order with the same `service_id` gets the same response with the ' +
    'current status. If a creation failed and was rolled back, a new request with the same ' +
    '`service_id` creates the site again; its e-mail address and plan may be different. If no address or node ' +
    'capacity is available, the order is accepted with a warning, and its job waits for up to ' +
    '`create.patience_s`. With `Prefer: handling=strict`, such an order is refused with ' +
    '`capacity_exhausted` instead.',
  body: Body,
  answer: Type.Object({
    service_id: ServiceId,
    ...names,
    private_ip: PrivateIp,
    vmid: nullable(
      whole(
        'The VMID of the container. The VMID may change until the site is ready. The value is null if ' +
          'the product has no container.',
        VMID,
      ),
    ),
    status: StatusText,
    job_id: nullable(
      uuid(
        'The ID of the job that creates the site. The value is null if the record of the job was ' +
          'archived.',
        JOB,
      ),
    ),
  }),
  answers: {
    200: 'The same order was placed before, and the site is ready.',
    202: {
      when: 'The order was accepted, and its job is running or waiting.',
      example: { status: 'processing' },
    },
  },
  failures: [
    'unknown_plan',
    'unknown_module',
    'module_conflict',
    'plan_unusable',
    'name_reserved',
    'service_exists',
    'service_busy',
    'name_taken',
    'state_damaged',
    'capacity_exhausted',
    'reservation_not_found',
    'reservation_used',
    'state_unavailable',
  ],
  handle: async ({ caller, body, request, reply }, context) => {
    warnOfOptions(request, body.properties);
    const { strict } = readPrefer(request.headers.prefer);
    if (strict) void reply.header('preference-applied', 'handling=strict');
    const { service, warnings } = await createSite(context, context.allocate, caller, body, { strict });
    warn(request, ...warnings);
    const problem = service.site?.domainWish?.problem ?? null;
    if (problem !== null) warn(request, `domain: ${problem}`);
    // the order may already exist, if this request repeats an earlier one
    request.isRepeated = !service.jobs.some(({ requestId }) => requestId === request.id);
    request.log.info(
      { service_id: service.id, panel: service.panel, generation: service.generation },
      'order recorded',
    );
    void reply.code(service.lifecycle === 'creating' ? 202 : 200);
    return view(context, service);
  },
});

function view({ watch }: RouteContext, service: Service) {
  const { guest, site } = service;
  return {
    service_id: service.id,
    subdomain: site?.subdomain ?? null,
    fqdn: site?.fqdn ?? null,
    url: site ? `https://${site.fqdn}` : null,
    private_ip: guest?.addresses[0]?.address ?? null,
    vmid: guest?.vmid ?? null,
    status: wordOf(watch, service),
    job_id: service.jobs.findLast(makesTheSite)?.id ?? null,
  };
}
