/**
 * Creates the response of the embedded name server to one message. Supports wildcards, aliases, names that do not
 * exist (NXDOMAIN), and names without records of the requested type.
 */
import dnsPacket, { type Answer, type DecodedPacket, type Packet, type Question } from 'dns-packet';
import { readText } from '../../model/master-file-text.js';
import { withSerial, type RrSet, type Zone } from './zone.js';
import type { Zones } from './zones.js';

const { AUTHORITATIVE_ANSWER, RECURSION_DESIRED, TRUNCATED_RESPONSE } = dnsPacket;
const NXDOMAIN = 3;
const NOTIMP = 4;
const FORMERR = 1;
/** The maximum size of a UDP response without EDNS. */
const UDP_SIZE = 512;
/** The bits of the header field that contains the flags. If all of them are 0, the message is a plain query. */
const OPCODE = 0x7800;
const CNAME_CHAIN = 8;

/** Returns the response to one message, or undefined if the message is not a query. */
export function answer(zones: Pick<Zones, 'holding'>, message: Buffer): Buffer | undefined {
  let query: DecodedPacket;
  try {
    query = dnsPacket.decode(message);
  } catch {
    return undefined;
  }
  if (query.type !== 'query') return undefined;
  if (((query.flags ?? 0) & OPCODE) !== 0) return encode(query, { flags: NOTIMP });
  const question = query.questions?.[0];
  if (!question || query.questions?.length !== 1) return encode(query, { flags: FORMERR });
  const name = `${question.name.toLowerCase()}.`;
  const zone = zones.holding(name, question.type);
  // This server is also the resolver of the sandbox. It queries no other name server, so it responds that the name
  // does not exist.
  if (!zone) return encode(query, { flags: NXDOMAIN });
  const answers = lookUp(zone, name, question, CNAME_CHAIN);
  if (answers.length > 0) return encode(query, { flags: AUTHORITATIVE_ANSWER, answers });
  const soa = zone.find(zone.name, 'SOA');
  const known = zone.exists(name) || wildcardOf(zone, name) !== undefined;
  return encode(query, {
    flags: AUTHORITATIVE_ANSWER | (known ? 0 : NXDOMAIN),
    authorities: soa ? toAnswers(withSerial(soa, zone.serial()), zone.name) : [],
  });
}

function lookUp(zone: Zone, name: string, question: Question, depth: number): Answer[] {
  const owner = zone.exists(name) ? name : wildcardOf(zone, name);
  const sets = owner === undefined ? [] : zone.rrsets(owner);
  // the types of the library lack the query type `ANY`
  const asked: string = question.type;
  const matching = sets.filter((set) => set.type === asked || asked === 'ANY');
  if (matching.length > 0)
    return matching.flatMap((set) =>
      toAnswers(set.type === 'SOA' ? withSerial(set, zone.serial()) : set, name),
    );
  const alias = sets.find((set) => set.type === 'CNAME');
  if (!alias) return [];
  const target = alias.records[0]?.content.toLowerCase() ?? '';
  const inside = depth > 0 && target.endsWith(`.${zone.name}`);
  return [...toAnswers(alias, name), ...(inside ? lookUp(zone, target, question, depth - 1) : [])];
}

/** Returns `*.<closest name that exists>` if this name has records. */
function wildcardOf(zone: Zone, name: string): string | undefined {
  let parent = name;
  while (parent !== zone.name) {
    parent = parent.slice(parent.indexOf('.') + 1);
    if (zone.rrsets(`*.${parent}`).length > 0) return `*.${parent}`;
    if (zone.exists(parent)) return undefined;
  }
  return undefined;
}

function toAnswers(set: RrSet, owner: string): Answer[] {
  const name = bare(owner);
  return set.records
    .filter((record) => !record.disabled)
    .flatMap(({ content }) => {
      const data = toData(set.type, content);
      return data ? [{ name, ttl: set.ttl, class: 'IN', ...data } satisfies Answer] : [];
    });
}

type Data =
  | { type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'PTR'; data: string }
  | { type: 'TXT'; data: Buffer[] }
  | { type: 'CAA'; data: { flags: number; tag: 'issue' | 'issuewild' | 'iodef'; value: string } }
  | { type: 'MX'; data: { preference: number; exchange: string } }
  | {
      type: 'SOA';
      data: {
        mname: string;
        rname: string;
        serial: number;
        refresh: number;
        retry: number;
        expire: number;
        minimum: number;
      };
    };

function toData(type: string, content: string): Data | undefined {
  const words = content.split(/\s+/);
  const [first = '', second = ''] = words;
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type, data: content };
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return { type, data: bare(content) };
    case 'TXT':
      return { type, data: readText(content) };
    case 'CAA':
      return caaOf(content);
    case 'MX':
      return { type, data: { preference: Number(first), exchange: bare(second) } };
    case 'SOA': {
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = words.slice(2).map(Number);
      const data = { mname: bare(first), rname: bare(second), serial, refresh, retry, expire, minimum };
      return { type, data };
    }
    default:
      return undefined;
  }
}

function caaOf(content: string): Data | undefined {
  const [, flags = '0', tag, value = ''] = /^(\d+) (\w+) "([^"]*)"$/.exec(content) ?? [];
  if (tag !== 'issue' && tag !== 'issuewild' && tag !== 'iodef') return undefined;
  return { type: 'CAA', data: { flags: Number(flags), tag, value } };
}

function bare(name: string): string {
  return name.replace(/\.$/, '');
}

function encode(query: Packet, reply: { flags: number; answers?: Answer[]; authorities?: Answer[] }): Buffer {
  return dnsPacket.encode({
    ...reply,
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    flags: reply.flags | ((query.flags ?? 0) & RECURSION_DESIRED),
    questions: query.questions ?? [],
  });
}

/**
 * If the response is too long for a datagram that the client can receive, reduces it to a header with the "truncated"
 * bit.
 */
export function fitting(reply: Buffer, message: Buffer): Buffer {
  const query = dnsPacket.decode(message);
  const opt = query.additionals?.find((record) => record.type === 'OPT');
  const limit = opt?.type === 'OPT' ? Math.max(UDP_SIZE, opt.udpPayloadSize) : UDP_SIZE;
  if (reply.length <= limit) return reply;
  return encode(query, { flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE });
}
