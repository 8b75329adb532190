/**
 * The ports of a sandbox. They are stored in its state folder, so that a restarted environment keeps its addresses.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { findJson, isErrno, writeJson } from './files.js';

/**
 * The range of the ports. It is below the range from which the system takes ports for outgoing connections, so that a
 * stored port stays free.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 100;

export interface Ports {
  /**
   * Returns the stored port with this name. If there is none, finds a free port and stores it under this name. If the
   * stored port is in use, throws an error with a plain sentence.
   */
  of(name: string): Promise<number>;
}

export async function openPorts(file: string): Promise<Ports> {
  const kept = numbersIn(await findJson(file));
  return {
    async of(name) {
      const known = kept.get(name);
      if (known !== undefined) {
        if (await isFree(known)) return known;
        throw new Error(
          `port ${known} of this sandbox (${name}) is in use: the sandbox may already be running. Stop it, ` +
            'or choose another --state folder',
        );
      }
      const port = await freePort(new Set(kept.values()));
      kept.set(name, port);
      await writeJson(file, Object.fromEntries(kept));
      return port;
    },
  };
}

/** Returns whether TCP and UDP can be bound to this port on 127.0.0.1. Port 0 is always free. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && (await canBind(port));
}

export async function freePort(without: ReadonlySet<number> = new Set()): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST);
    if (!without.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port between ${FIRST} and ${LAST} was found on 127.0.0.1`);
}

function numbersIn(value: unknown): Map<string, number> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

/** Returns whether a TCP server can listen on this port on 127.0.0.1. */
export async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (isErrno(error, 'EADDRINUSE') || isErrno(error, 'EACCES')) resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function canBind(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      if (isErrno(error, 'EADDRINUSE') || isErrno(error, 'EACCES')) resolve(false);
      else reject(error);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
