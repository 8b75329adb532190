/** POST /create-site */
import { Type } from 'typebox';
import { makesTheSite } from '../../../model/job-kinds.js';
import type { JsonObject } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { createSite } from '../../../services/create-site.js';
import { wordOf } from '../../../services/read-power.js';
import { callerOf } from '../../guards/auth.js';
import { warn } from '../../server/unknown-fields.js';
import type { Route, RouteContext } from '../../server/route.js';
import { failures, nullable, ServiceIdIn, StatusText, success } from '../../schemas/common.js';

const Body = Type.Object({
  service_id: ServiceIdIn,
  email: Type.String({
    maxLength: 254,
    'x-rule': 'must be an e-mail address',
    description: 'Of the customer. Refused when the product could not hold it unchanged.',
  }),
  plan: Type.String({
    maxLength: 200,
    'x-rule': 'must be the name of a plan',
    description: 'Name or alias, without regard to case.',
  }),
  public_ip: Type.Union(
    [Type.String({ maxLength: 64 }), Type.Array(Type.String({ maxLength: 64 }), { maxItems: 100 })],
    {
      'x-rule': 'must be an IPv4 or IPv6 address, or a list of them',
      description: 'Where visitors reach the reverse proxy.',
    },
  ),
  subdomain: Type.Optional(Type.String({ maxLength: 100, 'x-rule': 'must be text' })),
  domain: Type.Optional(Type.String({ maxLength: 255, 'x-rule': 'must be a domain name' })),
  user_id: Type.Optional(
    Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Integer()], {
      'x-rule': 'must be text of at most 128 characters, or a whole number',
    }),
  ),
  module: Type.Optional(Type.String({ maxLength: 64, 'x-rule': 'must be the name of a product' })),
  properties: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      'x-rule': 'must be an object',
      additionalProperties: true,
      description: 'At most 16 KiB of JSON.',
    }),
  ),
});

const answer = {
  service_id: Type.String(),
  subdomain: nullable(Type.String({ description: 'Null for a product without a website.' })),
  fqdn: nullable(Type.String()),
  url: nullable(Type.String()),
  private_ip: nullable(Type.String()),
  vmid: nullable(Type.Integer({ description: 'May still change until completed.' })),
  status: StatusText,
  job_id: nullable(Type.String({ format: 'uuid', description: 'Null once its record was archived.' })),
};

const schema = {
  summary: 'Orders a site',
  description:
    'Repeat-safe by `service_id`: the same order again gets the same answer with the status of today. An order that failed and was taken back may be posted again, with any e-mail address and plan: the site is then made from the start.',
  tags: ['Sites'],
  body: Body,
  response: {
    200: success(answer, 'The same order was made before, and is completed.'),
    202: success(answer, 'Accepted; the job goes on.'),
  },
  failures: failures(
    'invalid_json',
    'unknown_plan',
    'unknown_module',
    'name_reserved',
    'service_exists',
    'service_busy',
    'name_taken',
    'payload_too_large',
    'unsupported_media_type',
    'state_damaged',
    'capacity_exhausted',
    'state_unavailable',
  ),
};

export const createSiteRoute: Route = (app, context) => {
  app.post('/create-site', { schema }, async (request, reply) => {
    const caller = callerOf(request);
    const service = await createSite(context, context.allocate, caller, request.body);
    const problem = service.site?.domainWish?.problem ?? null;
    if (problem !== null) warn(request, `domain: ${problem}`);
    // the order of this call, or one from before
    request.isRepeated = !service.jobs.some(({ requestId }) => requestId === request.id);
    request.log.info(
      { service_id: service.id, panel: service.panel, generation: service.generation },
      'order recorded',
    );
    return reply.code(service.lifecycle === 'creating' ? 202 : 200).send(view(context, service));
  });
};

function view({ watch }: RouteContext, service: Service) {
  const { guest, site } = service;
  return {
    success: true as const,
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
