/**
 * POST /customdomain/getdata, /add/zone, /delete/zone, /add/record, /delete/record: the DNS extension's calls about
 * customers' zones.
 */
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import { LEAST_TTL_S, MOST_TTL_S } from '../../../model/zone-record.js';
import { addZone, listZones, removeZone } from '../../../zones/zones.js';
import { addRecord, removeRecord, viewRecords } from '../../../zones/zone-records.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, success } from '../../schemas/common.js';
import { DomainIn } from '../../schemas/domain.js';
import {
  numberIn,
  numberOf,
  RecordOut,
  UserIdIn,
  viewRecord,
  ZoneIn,
  ZoneState,
} from '../../schemas/zone.js';

const BEHIND = [
  ...(['invalid_json', 'zones_unavailable', 'state_unavailable'] as const),
  ...(['dns_unreachable', 'dns_timeout', 'dns_refused', 'dns_failed'] as const),
] as const;
const text = (description: string) =>
  Type.Optional(Type.String({ maxLength: 4000, 'x-rule': 'must be text', description }));

const TXT_FORM =
  'For TXT, as in zone files (RFC 1035, section 5.1): strings in quotes, within parentheses also over several lines, with comments; or text without quotes, which is one text with its blanks and semicolons. `\\DDD` is a byte, `\\X` the letter X.';

const getdata = {
  summary: "Lists a customer's DNS zones with their records",
  tags: ['Zones'],
  body: Type.Object({ user_id: UserIdIn }),
  response: {
    200: success(
      {
        zones: Type.Array(
          Type.Object({
            zone_id: Type.String(),
            zone: Type.String(),
            state: ZoneState,
            records: Type.Array(RecordOut),
          }),
        ),
        name_servers: Type.Array(Type.String()),
      },
      'By name.',
    ),
  },
  failures: failures(...BEHIND),
};

const addZoneSchema = {
  summary: 'Makes a DNS zone for a customer',
  description:
    "Only where the domain's name servers are ours already, and neither it nor a name above or below it is another customer's. After a failure of the DNS server the same call finishes what was begun.",
  tags: ['Zones'],
  body: Type.Object({ user_id: UserIdIn, domain: DomainIn }),
  response: {
    200: success(
      { zone_id: Type.String(), zone: Type.String(), name_servers: Type.Array(Type.String()) },
      'Made.',
    ),
  },
  failures: failures(
    ...BEHIND,
    ...([
      'domain_invalid',
      'domain_taken',
      'zone_not_here',
      'zone_exists',
      'quota_reached',
      'foreign_object',
      'lookup_failed',
    ] as const),
  ),
};

const deleteZoneSchema = {
  summary: 'Deletes a DNS zone with all its records',
  description: 'May be repeated: for a day the deletion of a deleted zone succeeds.',
  tags: ['Zones'],
  body: Type.Object({ domain: DomainIn }),
  response: { 200: success({ zone: Type.String() }, 'Gone.') },
  failures: failures(...BEHIND, 'domain_invalid', 'zone_not_found'),
};

const addRecordSchema = {
  summary: 'Adds a record to a DNS zone',
  description:
    'The value goes into the field of its type: `ip`, `target`, `exchange` and `priority`, `txt`, or `ns`. Records of one name and type have one `ttl`: the last one that was sent. Records that are switched off at the DNS server stay as they are.',
  tags: ['Zones'],
  body: Type.Object({
    zone: Type.Optional(ZoneIn),
    zone_id: Type.Optional(ZoneIn),
    type: Type.String({ maxLength: 10, 'x-rule': 'must be A, AAAA, CNAME, MX, TXT or NS' }),
    name: Type.Optional(
      Type.String({
        maxLength: 254,
        'x-rule': 'must be a name in the zone',
        description:
          'Relative to the zone, or absolute: with a final dot, or ending in the name of the zone. `@`, null or none is the zone itself.',
      }),
    ),
    ttl: Type.Optional(numberIn(`must be ${LEAST_TTL_S} to ${MOST_TTL_S} seconds`)),
    ip: text('For A and AAAA; `PROXYSRV` stands for the address of the proxy.'),
    target: text('For CNAME: a host name in full, with or without the final dot; `@` is the zone itself.'),
    exchange: text('For MX: as `target`; `.` says that the name takes no mail (RFC 7505).'),
    priority: Type.Optional(numberIn('must be a whole number from 0 to 65535')),
    txt: text(TXT_FORM),
    ns: text('For NS: as `target`.'),
  }),
  response: { 200: success({ record: RecordOut }, 'Added.') },
  failures: failures(
    ...BEHIND,
    ...(['domain_invalid', 'record_invalid', 'record_exists', 'quota_reached', 'zone_not_found'] as const),
  ),
};

const deleteRecordSchema = {
  summary: 'Deletes a record from a DNS zone',
  description: 'May be repeated: the deletion of one that was deleted lately succeeds.',
  tags: ['Zones'],
  body: Type.Object({
    zone_id: ZoneIn,
    rc_id: Type.String({ minLength: 1, maxLength: 100, 'x-rule': 'must be the id of a record' }),
  }),
  response: { 200: success({ zone: Type.String(), rc_id: Type.String() }, 'Gone.') },
  failures: failures(...BEHIND, 'domain_invalid', 'record_invalid', 'zone_not_found', 'record_not_found'),
};

export const zoneRoutes: Route = (app, context) => {
  const { name_servers: nameServers } = context.config.dns;
  const { public_addresses: proxy } = context.config.proxy;
  app.post('/customdomain/getdata', { schema: getdata }, async (request) => {
    const zones = await listZones(context, callerOf(request), String(request.body.user_id));
    return {
      success: true as const,
      zones: zones.map(({ zone, state, sets }) => ({
        zone_id: zone,
        zone,
        state,
        records: viewRecords(sets, proxy).map(viewRecord),
      })),
      name_servers: [...nameServers],
    };
  });
  app.post('/customdomain/add/zone', { schema: addZoneSchema }, async (request) => {
    const { user_id: userId, domain } = request.body;
    const zone = await addZone(context, callerOf(request), String(userId), domain);
    return { success: true as const, zone_id: zone, zone, name_servers: [...nameServers] };
  });
  app.post('/customdomain/delete/zone', { schema: deleteZoneSchema }, async (request) => {
    const zone = await removeZone(context, callerOf(request), request.body.domain);
    return { success: true as const, zone };
  });
  app.post('/customdomain/add/record', { schema: addRecordSchema }, async (request) => {
    const { zone, zone_id: zoneId, ttl, priority, name = '@', ...requested } = request.body;
    const numbers = { ttl: numberOf(ttl), priority: numberOf(priority) };
    const record = await addRecord(context, callerOf(request), named(zone ?? zoneId), {
      ...requested,
      name,
      ...numbers,
    });
    return { success: true as const, record: viewRecord(record) };
  });
  app.post('/customdomain/delete/record', { schema: deleteRecordSchema }, async (request) => {
    const { zone_id: zone, rc_id: id } = request.body;
    await removeRecord(context, callerOf(request), zone, id);
    return { success: true as const, zone, rc_id: id };
  });
};

function named(zone: string | undefined): string {
  if (zone !== undefined) return zone;
  throw new AgentError('invalid_request', 'zone must be the name of a zone.', {
    fields: { zone: 'must be the name of a zone' },
  });
}
