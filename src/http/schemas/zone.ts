/** Customers' DNS zones in the bodies and answers of the calls about them. */
import { Type } from 'typebox';
import { RECORD_TYPES } from '../../model/zone-record.js';
import type { RecordView } from '../../zones/zone-records.js';
import { ZONE_STATES } from '../../zones/zones.js';

export const UserIdIn = Type.Union(
  [Type.String({ minLength: 1, maxLength: 128 }), Type.Integer({ minimum: 0 })],
  {
    'x-rule': 'must be text of at most 128 characters, or a whole number',
    description: "The panel's id of the customer.",
  },
);

export const ZoneIn = Type.String({
  minLength: 1,
  maxLength: 254,
  'x-rule': 'must be the name of a zone',
  description: 'The name of the zone, which is its id as well.',
});

export const ZoneState = Type.Enum([...ZONE_STATES], {
  description:
    '`making`: the call that asked for it did not get through; repeat it. `missing`: the DNS server has it no longer; add or delete it.',
});

/** Forms send numbers as text. */
export const numberIn = (rule: string) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,9}$' })], { 'x-rule': rule });

export function numberOf(sent: string | number | undefined): number | undefined {
  return sent === undefined ? undefined : Number(sent);
}

export const RecordOut = Type.Object({
  rc_id: Type.String({ description: 'Names the record when it is deleted.' }),
  type: Type.Enum([...RECORD_TYPES]),
  name: Type.String({ description: 'Absolute.' }),
  ttl: Type.Integer({ description: 'Seconds.' }),
  ip: Type.Optional(Type.String({ description: '`PROXYSRV` stands for the address of the proxy.' })),
  target: Type.Optional(Type.String()),
  exchange: Type.Optional(Type.String({ description: '`.`: the name takes no mail.' })),
  priority: Type.Optional(Type.Integer()),
  txt: Type.Optional(
    Type.String({ description: 'As it may be sent: without quotes where that says the same.' }),
  ),
  ns: Type.Optional(Type.String()),
});

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
