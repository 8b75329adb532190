/**
 * The embedded name server, which responds over UDP and TCP with authoritative answers from the zones of the sandbox.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import dnsPacket from 'dns-packet';
import type { Faults } from '../control/faults.js';
import { answer, fitting } from './dns-answer.js';
import { listen } from './listen.js';
import type { Zones } from './zones.js';

const IDLE_MS = 10_000;

export interface NameServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on `host`, on the same port for UDP and TCP. */
export async function startNameServer(
  zones: Pick<Zones, 'holding'>,
  host: string,
  port: number,
  faults?: Faults,
): Promise<NameServer> {
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => {
    const reply = answer(zones, message);
    if (!reply) return;
    void spoiled(faults, message, fitting(reply, message)).then((given) => {
      if (given) udp.send(given, from.port, from.address, () => {});
    });
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, host, resolve);
  });
  udp.on('error', () => {});
  const tcp = await listen(
    createServer((socket) => serveStream(zones, socket)),
    port,
    host,
  );
  return {
    port,
    async close() {
      await Promise.all([new Promise<void>((resolve) => udp.close(resolve)), tcp.close()]);
    },
  };
}

const SERVFAIL = 2;
/** The position of the byte that contains the response code. */
const CODE_AT = 3;

/**
 * Applies a fault to a response over UDP. Depending on the fault, the client gets no response, `SERVFAIL`, half of the
 * response, or a response without records.
 */
async function spoiled(
  faults: Faults | undefined,
  message: Buffer,
  reply: Buffer,
): Promise<Buffer | undefined> {
  if (!faults) return reply;
  const query = dnsPacket.decode(message);
  const [question] = query.questions ?? [];
  const { delayMs, kind } = faults.strike('lookup', {
    method: question?.type ?? '',
    path: question?.name.toLowerCase() ?? '',
  });
  if (delayMs > 0) await delay(delayMs);
  if (!kind) return reply;
  if ('down' in kind || 'drop' in kind) return undefined;
  if ('cut' in kind) return reply.subarray(0, Math.floor(reply.length / 2));
  if ('lie' in kind)
    return dnsPacket.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: query.flags ?? 0,
      questions: query.questions ?? [],
    });
  if (!('status' in kind)) return reply;
  const refused = Buffer.from(reply);
  refused[CODE_AT] = ((refused[CODE_AT] ?? 0) & 0xf0) | SERVFAIL;
  return refused;
}

function serveStream(zones: Pick<Zones, 'holding'>, socket: Socket): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const reply = answer(zones, pending.subarray(2, end));
      pending = pending.subarray(end);
      if (!reply) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}
