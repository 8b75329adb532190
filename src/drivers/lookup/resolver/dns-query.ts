/**
 * Sends one query to one name server over UDP, and over TCP if the response does not fit. Only a response to exactly
 * this query is accepted.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';
import dnsPacket, { type Answer, type DecodedPacket } from 'dns-packet';
import { withLimit } from '../../../kernel/async/with-limit.js';
import { onAbort } from '../../../kernel/async/on-abort.js';

export type QuestionType = 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'CAA' | 'NS';

export interface DnsQuery {
  readonly name: string;
  readonly type: QuestionType;
  /** True if the server is a resolver that should find the answer at other servers. */
  readonly recurse: boolean;
}

export interface Server {
  readonly address: string;
  readonly port: number;
}

export interface Reply {
  /**
   * The response code. 0 means that there is an answer, and 3 that the name does not exist. Any other code is a
   * failure.
   */
  readonly code: number;
  readonly answers: readonly Answer[];
  /** The servers of a delegation. A response contains them if the name that was queried is below the delegation. */
  readonly authorities: readonly Answer[];
}

const TRY_MS = 1_500;
const TRIES = 2;
const TCP_MS = 3_000;
const UDP_BYTES = 1232;
const RCODE = 0x0f;

/**
 * The codes with which servers without EDNS respond to a query with EDNS. Their response may lack the question (RFC
 * 6891, section 7).
 */
const FORMERR = 1;
const NOTIMP = 4;

/**
 * Queries a server. If the server does not support EDNS, it is queried once more without EDNS. Rejects if there is no
 * response in time, or if the signal aborts.
 */
export async function queryServer(server: Server, question: DnsQuery, signal: AbortSignal): Promise<Reply> {
  const reply = await askServer(server, { ...question, edns: true }, signal);
  return isWithoutEdns(reply.code) ? askServer(server, { ...question, edns: false }, signal) : reply;
}

function isWithoutEdns(code: number): boolean {
  return code === FORMERR || code === NOTIMP;
}

interface Query extends DnsQuery {
  /**
   * True if the query uses EDNS to announce the maximum size of a response datagram. Without EDNS, the maximum is 512
   * bytes.
   */
  readonly edns: boolean;
}

async function askServer(server: Server, question: Query, signal: AbortSignal): Promise<Reply> {
  let last: unknown;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    signal.throwIfAborted();
    try {
      const packet = await overUdp(server, question, signal);
      return replyOf(packet.flag_tc ? await overTcp(server, question, signal) : packet);
    } catch (error) {
      last = error;
    }
  }
  throw last instanceof Error ? last : new Error(String(last));
}

function replyOf(packet: DecodedPacket): Reply {
  return {
    code: (packet.flags ?? 0) & RCODE,
    answers: packet.answers ?? [],
    authorities: packet.authorities ?? [],
  };
}

function optRecord(): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function encode(id: number, { name, type, recurse, edns }: Query): Buffer {
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: recurse ? dnsPacket.RECURSION_DESIRED : 0,
    questions: [{ name, type, class: 'IN' }],
    additionals: edns ? [optRecord()] : [],
  });
}

/**
 * Returns the message if it is the response to this question with this ID, otherwise undefined. If a server cannot
 * parse the question, its response may lack the question.
 */
function decode(message: Buffer, id: number, question: Query): DecodedPacket | undefined {
  try {
    const packet = dnsPacket.decode(message);
    const [asked] = packet.questions ?? [];
    if (packet.type !== 'response' || packet.id !== id) return undefined;
    const isOurs = asked?.name.toLowerCase() === question.name && asked.type === question.type;
    const isUnread = asked === undefined && isWithoutEdns((packet.flags ?? 0) & RCODE);
    return isOurs || isUnread ? packet : undefined;
  } catch {
    return undefined;
  }
}

function overUdp(server: Server, question: Query, signal: AbortSignal): Promise<DecodedPacket> {
  const id = randomInt(65_536);
  return withLimit(signal, TRY_MS, async (limit) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    try {
      return await new Promise<DecodedPacket>((resolve, reject) => {
        whenOver(limit, server, reject);
        socket.on('error', reject);
        socket.on('message', (message) => {
          const packet = decode(message, id, question);
          if (packet) resolve(packet);
        });
        // connect the socket, so that the operating system drops packets from all other addresses
        socket.connect(server.port, server.address, () => socket.send(encode(id, question)));
      });
    } finally {
      socket.close();
    }
  });
}

function overTcp(server: Server, question: Query, signal: AbortSignal): Promise<DecodedPacket> {
  const id = randomInt(65_536);
  return withLimit(signal, TCP_MS, async (limit) => {
    const socket = createConnection({ host: server.address, port: server.port });
    try {
      return await new Promise<DecodedPacket>((resolve, reject) => {
        whenOver(limit, server, reject);
        socket.on('error', reject);
        socket.on('close', () => reject(silent(server)));
        socket.on('connect', () => socket.write(framed(encode(id, question))));
        let got = Buffer.alloc(0);
        socket.on('data', (chunk: Buffer) => {
          got = Buffer.concat([got, chunk]);
          if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
          const packet = decode(got.subarray(2, 2 + got.readUInt16BE(0)), id, question);
          if (packet) resolve(packet);
          else reject(silent(server));
        });
      });
    } finally {
      socket.destroy();
    }
  });
}

function whenOver(limit: AbortSignal, server: Server, reject: (error: Error) => void): void {
  onAbort(limit, () => reject(silent(server)));
}

function silent({ address, port }: Server): Error {
  return new Error(`no answer from ${address}:${port}`);
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
