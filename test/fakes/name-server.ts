/** A name server on loopback that answers what a test tells it; also the resolver that knows where it is. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import dnsPacket, { type Answer } from 'dns-packet';

export interface FakeNameServer {
  readonly address: string;
  readonly port: number;
  /** `shop.example.test A` -> values; CAA values as `0 issue "ca.test"`. */
  readonly records: Map<string, readonly string[]>;
  /** Names and types it was asked for. */
  readonly asked: string[];
  /** Response code for everything, instead of answers. */
  fail: number;
  /** A query with EDNS is answered, or refused with FORMERR or NOTIMP, with or without the question in the answer. */
  edns: 'known' | 'formerr' | 'notimp' | 'formerr without question' | 'notimp without question';
  /** Answers over UDP are cut off. */
  truncate: boolean;
  close(): Promise<void>;
}

export async function fakeNameServer(address = '127.0.0.1', port = 0): Promise<FakeNameServer> {
  const { udp, tcp } = await bothAt(address, port);
  const server: FakeNameServer = {
    address,
    port: udp.address().port,
    records: new Map(),
    asked: [],
    fail: 0,
    edns: 'known',
    truncate: false,
    async close() {
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
  udp.on('message', (message, from) => {
    udp.send(replyTo(server, message, server.truncate), from.port, from.address);
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const reply = replyTo(server, chunk.subarray(2), false);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.end(Buffer.concat([length, reply]));
    });
  });
  return server;
}

/** One port for both protocols; one that is free for UDP only is given back. */
async function bothAt(address: string, port: number, tries = 20): Promise<{ udp: Socket; tcp: Server }> {
  const udp = createSocket('udp4');
  udp.bind(port, address);
  await once(udp, 'listening');
  const tcp = createServer();
  tcp.listen(udp.address().port, address);
  try {
    await once(tcp, 'listening');
    return { udp, tcp };
  } catch (error) {
    udp.close();
    if (tries === 0 || port !== 0) throw error;
    return bothAt(address, port, tries - 1);
  }
}

function replyTo(server: FakeNameServer, message: Buffer, cut: boolean): Buffer {
  const query = dnsPacket.decode(message);
  const question = query.questions?.[0];
  if (!question) return message;
  const hasEdns = query.additionals?.some(({ type }) => type === 'OPT') === true;
  if (hasEdns && server.edns !== 'known')
    return dnsPacket.encode({
      type: 'response',
      ...(query.id === undefined ? {} : { id: query.id }),
      flags: server.edns.startsWith('formerr') ? 1 : 4,
      questions: server.edns.endsWith('without question') ? [] : (query.questions ?? []),
    });
  const name = question.name.toLowerCase();
  server.asked.push(`${name} ${question.type}`);
  const answers = server.fail > 0 || cut ? [] : answersTo(server.records, name, question.type);
  const known = [...server.records.keys()].some((key) => {
    const owner = key.split(' ')[0] ?? '';
    return owner === name || owner.endsWith(`.${name}`);
  });
  const code = server.fail > 0 ? server.fail : known ? 0 : 3;
  return dnsPacket.encode({
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    flags: dnsPacket.AUTHORITATIVE_ANSWER | (cut ? dnsPacket.TRUNCATED_RESPONSE : 0) | code,
    questions: query.questions ?? [],
    answers,
  });
}

function answersTo(records: FakeNameServer['records'], name: string, type: string): Answer[] {
  const alias = records.get(`${name} CNAME`);
  const kind = alias && type !== 'CNAME' ? 'CNAME' : type;
  return (records.get(`${name} ${kind}`) ?? []).flatMap((value): Answer[] => {
    const common = { name, ttl: 1, class: 'IN' as const };
    if (kind === 'A' || kind === 'AAAA' || kind === 'CNAME' || kind === 'NS')
      return [{ ...common, type: kind, data: value }];
    if (kind === 'TXT') return [{ ...common, type: 'TXT', data: [value] }];
    const [, flags = '0', tag = 'issue', text = ''] = /^(\d+) (\S+) "(.*)"$/.exec(value) ?? [];
    if (kind !== 'CAA' || (tag !== 'issue' && tag !== 'issuewild' && tag !== 'iodef')) return [];
    return [{ ...common, type: 'CAA', data: { flags: Number(flags), tag, value: text } }];
  });
}
