/**
 * POST /customdomain/getdata, /add/zone, /delete/zone, /add/record, /delete/record: the DNS extension's endpoints for
 * customers' zones.
 */
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import { LEAST_TTL_S, MOST_TTL_S } from '../../../model/zone-record.js';
import { addZone, listZones, removeZone } from '../../../zones/zones.js';
import { addRecord, removeRecord, viewRecords } from '../../../zones/zone-records.js';
import { DomainIn } from '../../schemas/domain.js';
import { text } from '../../schemas/fields.js';
import {
  Delegated,
  NameServers,
  numberIn,
  numberOf,
  RecordOut,
  UserIdIn,
  viewRecord,
  ZoneId,
  ZoneIn,
  ZoneName,
  ZoneView,
} from '../../schemas/zone.js';
import { jsonRoute } from '../../server/endpoint.js';
import type { Route } from '../../server/route.js';

/** The errors that all these endpoints have in common, because all of them query the DNS server. */
const OF_DNS = [
  ...(['zones_unavailable', 'state_unavailable'] as const),
  ...(['dns_unreachable', 'dns_timeout', 'dns_refused', 'dns_failed'] as const),
] as const;

const listZonesRoute = jsonRoute({
  call: 'POST /customdomain/getdata',
  id: 'listZones',
  tag: 'Zones',
  summary: "List a customer's DNS zones with their records",
  body: Type.Object({ user_id: UserIdIn }),
  answer: Type.Object({
    zones: Type.Array(ZoneView, { description: 'The zones of the customer, sorted by name.' }),
    name_servers: NameServers,
  }),
  answers: { 200: 'The zones.' },
  failures: OF_DNS,
  handle: async ({ caller, body }, context) => {
    const { dns, proxy } = context.config;
    const zones = await listZones(context, caller, String(body.user_id));
    return {
      zones: zones.map(({ zone, state, sets, isDelegated }) => ({
        zone_id: zone,
        zone,
        state,
        delegated: isDelegated,
        records: viewRecords(sets, proxy.public_addresses).map(viewRecord),
      })),
      name_servers: [...dns.name_servers],
    };
  },
});

const addZoneRoute = jsonRoute({
  call: 'POST /customdomain/add/zone',
  id: 'createZone',
  tag: 'Zones',
  summary: 'Create a DNS zone for a customer',
  description:
    'A zone is accepted if its domain is delegated to the name servers of this agent. Before the ' +
    'delegation, it is accepted if a TXT record at the current name servers of the domain proves ' +
    'ownership; the error `zone_not_here` names this record. Neither the domain nor a name above or ' +
    'below it may belong to another customer. If the DNS server fails during the request, repeat the ' +
    'request to complete the creation.',
  body: Type.Object({ user_id: UserIdIn, domain: DomainIn }),
  answer: Type.Object({ zone_id: ZoneId, zone: ZoneName, name_servers: NameServers, delegated: Delegated }),
  answers: { 200: 'The zone was created.' },
  failures: [
    ...OF_DNS,
    'domain_invalid',
    'domain_taken',
    'zone_not_here',
    'zone_exists',
    'quota_reached',
    'foreign_object',
    'lookup_failed',
  ],
  handle: async ({ caller, body }, context) => {
    const { zone, isDelegated } = await addZone(context, caller, String(body.user_id), body.domain);
    const { name_servers: nameServers } = context.config.dns;
    return { zone_id: zone, zone, name_servers: [...nameServers], delegated: isDelegated };
  },
});

const deleteZoneRoute = jsonRoute({
  call: 'POST /customdomain/delete/zone',
  id: 'deleteZone',
  tag: 'Zones',
  summary: 'Delete a DNS zone with all its records',
  description:
    'The request is safe to repeat: if the zone was deleted within the last day, the request succeeds.',
  body: Type.Object({ domain: DomainIn }),
  answer: Type.Object({ zone: ZoneName }),
  answers: { 200: 'The zone was deleted.' },
  failures: [...OF_DNS, 'domain_invalid', 'zone_not_found'],
  handle: async ({ caller, body }, context) => ({ zone: await removeZone(context, caller, body.domain) }),
});

const value = (description: string, example: readonly string[] = []) =>
  Type.Optional(
    Type.String({
      maxLength: 4000,
      'x-rule': 'must be text',
      description,
      ...(example.length > 0 ? { examples: [...example] } : {}),
    }),
  );

const TXT_FORM =
  'For TXT records: the text as in a zone file (RFC 1035, section 5.1). Quoted strings may span ' +
  'several lines in parentheses and may have comments. Unquoted text is one string, including its ' +
  'spaces and semicolons. `\\DDD` stands for a byte, and `\\X` for the character X.';

const addRecordRoute = jsonRoute({
  call: 'POST /customdomain/add/record',
  id: 'createZoneRecord',
  tag: 'Zones',
  summary: 'Add a record to a DNS zone',
  description:
    'The type of the record determines where its value is sent: in `ip` for A and AAAA, in ' +
    '`target` for CNAME, in `exchange` and `priority` for MX, in `txt` for TXT, and in `ns` for ' +
    'NS. All records with the same name and type get the `ttl` of the latest request. Records that ' +
    'are disabled on the DNS server are not changed.',
  body: Type.Object({
    zone: Type.Optional(ZoneIn),
    zone_id: Type.Optional({ ...ZoneIn, description: 'Alias of `zone`.' }),
    type: Type.String({
      maxLength: 10,
      'x-rule': 'must be A, AAAA, CNAME, MX, TXT or NS',
      description: 'The type of the record.',
      examples: ['A'],
    }),
    name: Type.Optional(
      Type.String({
        maxLength: 254,
        'x-rule': 'must be a name in the zone',
        description:
          'The name of the record. A name is complete if it has a final dot or ends with the name of ' +
          'the zone; any other name is relative to the zone. If the field is `@`, null or omitted, ' +
          'the record belongs to the zone itself.',
        examples: ['shop'],
      }),
    ),
    ttl: Type.Optional(
      numberIn(
        `must be ${LEAST_TTL_S} to ${MOST_TTL_S} seconds`,
        'How long resolvers may cache the record, in seconds.',
        300,
      ),
    ),
    ip: value(
      'For A and AAAA records: the address. The word `PROXYSRV` stands for the public address of the ' +
        'proxy.',
      ['PROXYSRV'],
    ),
    target: value(
      'For CNAME records: the complete host name, with or without a final dot. `@` stands for the zone ' +
        'itself.',
    ),
    exchange: value(
      'For MX records: the mail server, in the same form as `target`. A single dot means that the ' +
        'name accepts no mail (RFC 7505).',
    ),
    priority: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,9}$' })], {
        'x-rule': 'must be a whole number from 0 to 65535',
        description: 'For MX records: the priority. The mail server with the lowest number is used first.',
      }),
    ),
    txt: value(TXT_FORM),
    ns: value('For NS records: the name server, in the same form as `target`.'),
  }),
  answer: Type.Object({ record: RecordOut }),
  answers: { 200: 'The record was added.' },
  failures: [
    ...OF_DNS,
    'domain_invalid',
    'record_invalid',
    'record_exists',
    'quota_reached',
    'zone_not_found',
  ],
  handle: async ({ caller, body }, context) => {
    const { zone, zone_id: zoneId, ttl, priority, name = '@', ...values } = body;
    const record = await addRecord(context, caller, named(zone ?? zoneId), {
      ...values,
      name,
      ttl: numberOf(ttl),
      priority: numberOf(priority),
    });
    return { record: viewRecord(record) };
  },
});

const deleteRecordRoute = jsonRoute({
  call: 'POST /customdomain/delete/record',
  id: 'deleteZoneRecord',
  tag: 'Zones',
  summary: 'Delete a record from a DNS zone',
  description: 'The request is safe to repeat: if the record was deleted recently, the request succeeds.',
  body: Type.Object({
    zone_id: ZoneIn,
    rc_id: Type.String({
      minLength: 1,
      maxLength: 100,
      'x-rule': 'must be the ID of a record',
      description: 'The ID of the record.',
      examples: ['3f1c9a5be07d42c88a6f0b13'],
    }),
  }),
  answer: Type.Object({
    zone: ZoneName,
    rc_id: text('The ID of the record.', '3f1c9a5be07d42c88a6f0b13'),
  }),
  answers: { 200: 'The record was deleted.' },
  failures: [...OF_DNS, 'domain_invalid', 'record_invalid', 'zone_not_found', 'record_not_found'],
  handle: async ({ caller, body: { zone_id: zone, rc_id: id } }, context) => {
    await removeRecord(context, caller, zone, id);
    return { zone, rc_id: id };
  },
});

export const zoneRoutes: readonly Route[] = [
  listZonesRoute,
  addZoneRoute,
  deleteZoneRoute,
  addRecordRoute,
  deleteRecordRoute,
];

function named(zone: string | undefined): string {
  if (zone !== undefined) return zone;
  throw new AgentError('invalid_request', 'zone must be the name of a zone.', {
    fields: { zone: 'must be the name of a zone' },
  });
}
