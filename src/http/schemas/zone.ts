/** Customers' DNS zones in requests and responses. */
import { Type } from 'typebox';
import { RECORD_TYPES } from '../../model/zone-record.js';
import type { RecordView } from '../../zones/zone-records.js';
import { ZONE_STATES } from '../../zones/zones.js';
import { CUSTOMER, DOMAIN } from './examples.js';
import { flag, list, text, whole, word } from './fields.js';

export const UserIdIn = Type.Union(
  [Type.String({ minLength: 1, maxLength: 128 }), Type.Integer({ minimum: 0 })],
  {
    'x-rule': 'must be text of at most 128 characters, or a whole number',
    description: 'The ID of the customer in the panel.',
    examples: [CUSTOMER],
  },
);

export const ZoneIn = Type.String({
  minLength: 1,
  maxLength: 254,
  'x-rule': 'must be the name of a zone',
  description: 'The name of the zone, which is also its ID.',
  examples: [DOMAIN],
});

export const ZoneName = text('The name of the zone.', DOMAIN);
export const ZoneId = text('The ID of the zone, which is the name of the zone.', DOMAIN);
export const NameServers = list('The name servers to which the domain must be delegated.', [
  'ns1.example.net',
  'ns2.example.net',
]);

export const Delegated = flag(
  'True if the domain is delegated to `name_servers`. If false, the zone is not publicly visible ' +
    'yet; set these name servers at the registrar.',
  true,
);

/** Forms send numbers as text. */
export const numberIn = (rule: string, description: string, example: number) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,9}$' })], {
    'x-rule': rule,
    description,
    examples: [example],
  });

export function numberOf(sent: string | number | undefined): number | undefined {
  return sent === undefined ? undefined : Number(sent);
}

const optional = (description: string) => Type.Optional(Type.String({ description }));

export const RecordOut = Type.Object(
  {
    rc_id: text('The ID of the record. Send this ID to delete the record.', '3f1c9a5be07d42c88a6f0b13'),
    type: word(
      RECORD_TYPES,
      'The type of the record. The type determines which of the following fields are present.',
      'A',
    ),
    name: text('The complete name of the record, without a final dot.', `shop.${DOMAIN}`),
    ttl: whole('How long resolvers may cache the record, in seconds.', 300),
    ip: Type.Optional(
      text(
        'For A and AAAA records: the address. The word `PROXYSRV` stands for the public address of the ' +
          'proxy.',
        'PROXYSRV',
      ),
    ),
    target: optional('For CNAME records: the host name to which the alias points.'),
    exchange: optional(
      'For MX records: the host name of the mail server. A single dot means that the name accepts no ' +
        'mail.',
    ),
    priority: Type.Optional(
      Type.Integer({
        description: 'For MX records: the priority. The mail server with the lowest number is used first.',
      }),
    ),
    txt: optional(
      'For TXT records: the text in the form that requests accept. It has quotation marks only if they ' +
        'are needed.',
    ),
    ns: optional('For NS records: the host name of the name server.'),
  },
  { title: 'ZoneRecord', description: 'A record of a DNS zone.' },
);

export const ZoneView = Type.Object(
  {
    zone_id: ZoneId,
    zone: ZoneName,
    state: word(
      ZONE_STATES,
      '`ready`: the zone is served. `making`: the request that creates the zone was interrupted; ' +
        'repeat the request. `missing`: the DNS server no longer has the zone; add the zone again, or ' +
        'delete it.',
      'ready',
    ),
    delegated: Delegated,
    records: Type.Array(RecordOut, { description: 'The records of the zone, sorted by name and type.' }),
  },
  { title: 'Zone', description: 'A DNS zone of a customer.' },
);

export function viewRecord({ id, type, name, ttlS, value }: RecordView): Type.Static<typeof RecordOut> {
  return { rc_id: id, type, name, ttl: ttlS, ...valueOf(type, value) };
}

function valueOf(type: RecordView['type'], value: string) {
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ip: value };
    case 'CNAME':
      return { target: value };
    case 'TXT':
      return { txt: value };
    case 'NS':
      return { ns: value };
    case 'MX': {
      const [priority = '', exchange = ''] = value.split(' ');
      return { priority: Number(priority), exchange };
    }
  }
}
