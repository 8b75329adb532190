/** The embedded name server: answers over UDP and TCP, with authority, what stands in the sandbox's zones. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { answer, fitting } from './dns-answer.js';
import { listen } from './listen.js';
import type { Zones } from './zones.js';

const IDLE_MS = 10_000;

export interface NameServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on `host`, the same port for UDP and TCP. */
export async function startNameServer(
  zones: Pick<Zones, 'holding'>,
  host: string,
  port: number,
): Promise<NameServer> {
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => {
    const reply = answer(zones, message);
    if (reply) udp.send(fitting(reply, message), from.port, from.address);
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
