/**
 * Listens for calls: on the network and on the daemon's own unix socket, or on what systemd listens on for us, so
 * that callers wait through a restart instead of being refused.
 */
import { once } from 'node:events';
import { chmod, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { type AppDeps, buildApp } from './app.js';

/** What Linux takes; node cuts longer ones off without a word. */
const LONGEST_SOCKET = 107;

export interface Listening {
  /** `http://127.0.0.1:8080` (or https), or the socket's path. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param fd of a socket that is bound already; `api.host` and `api.port` are then of no account */
export async function listenOnNetwork(deps: AppDeps, fd?: number): Promise<Listening> {
  const { host, port, tls } = deps.config.api;
  const app = await buildApp(deps, 'network', { handedOver: fd !== undefined });
  await app.listen(fd === undefined ? { host, port } : handed(fd)).catch((error: unknown) => {
    throw cannotListen(error, `${host}:${port}`);
  });
  const bound = app.server.address() as AddressInfo;
  if (fd !== undefined && port !== 0 && bound.port !== port)
    deps.log.warn({ bound, port }, "systemd's socket unit listens on another port than api.port says");
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return { url: `${tls ? 'https' : 'http'}://${name}:${bound.port}`, close: () => app.close() };
}

/** @param fd of a socket that is bound already */
export async function listenOnSocket(deps: AppDeps, fd?: number): Promise<Listening> {
  const { socket } = deps.config.api;
  const app = await buildApp(deps, 'socket', { handedOver: fd !== undefined });
  await app.ready();
  let isFolderOurs = false;
  if (fd === undefined) {
    if (Buffer.byteLength(socket) > LONGEST_SOCKET)
      throw new Error(
        `api.socket: ${socket} is longer than the ${LONGEST_SOCKET} bytes that the path of a socket may have`,
      );
    isFolderOurs = (await mkdir(dirname(socket), { recursive: true, mode: 0o755 })) !== undefined;
    // The state's lock is held, so a socket file that lies there is a dead daemon's, or that of one with another state.
    if (await answers(socket))
      throw new Error(`api.socket: another daemon listens at ${socket}; give each a socket of its own`);
    await rm(socket, { force: true });
    await app.listen({ path: socket }).catch((error: unknown) => {
      throw cannotListen(error, socket);
    });
    await chmod(socket, 0o600);
  } else {
    if (!(await isSocket(socket)))
      deps.log.warn({ socket }, 'nothing listens at api.socket; systemd hands over another one');
    // node cannot tell the path of a socket that it did not bind, and fastify wants to log one
    app.server.address = () => socket;
    await app.listen(handed(fd));
  }
  return {
    url: socket,
    async close() {
      await app.close();
      // whatever else lies in it keeps it
      if (isFolderOurs) await rmdir(dirname(socket)).catch(() => undefined);
    },
  };
}

const REASONS: Readonly<Record<string, (where: string) => string>> = {
  EADDRINUSE: (where) => `api.port: another program listens at ${where}; end it, or choose another port`,
  EADDRNOTAVAIL: (where) => `api.host: this machine has no such address (${where})`,
  EACCES: (where) => `api: listening at ${where} is not permitted; ports below 1024 need a privilege`,
  ENOTFOUND: (where) => `api.host: no such name (${where})`,
};

/** In words of the configuration where we know them. */
function cannotListen(error: unknown, where: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code];
  return reason === undefined ? error : new Error(reason(where), { cause: error });
}

async function answers(path: string): Promise<boolean> {
  if (!(await isSocket(path))) return false;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Passed on to node as it is; without a host fastify would look for the other addresses of `localhost`. */
function handed(fd: number): { readonly fd: number; readonly host: string } {
  return { fd, host: '' };
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isSocket(),
    () => false,
  );
}
