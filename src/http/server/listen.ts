/**
 * Listens for requests on the network and on the daemon's own unix socket, or on the sockets that systemd passes to
 * the daemon. With systemd's sockets, clients that connect during a restart wait instead of getting an error.
 */
import { once } from 'node:events';
import { chmod, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { type AppDeps, buildApp } from './app.js';

/** The maximum length of a socket's path on Linux, in bytes. Node silently truncates longer paths. */
const LONGEST_SOCKET = 107;

export interface Listening {
  /** `http://127.0.0.1:8080` (or https), or the socket's path. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param fd the descriptor of a socket that is already bound; if given, `api.host` and `api.port` are ignored */
export async function listenOnNetwork(deps: AppDeps, fd?: number): Promise<Listening> {
  const { host, port, tls } = deps.config.api;
  const app = await buildApp(deps, 'network', { handedOver: fd !== undefined });
  await app.listen(fd === undefined ? { host, port } : handed(fd)).catch((error: unknown) => {
    throw cannotListen(error, `${host}:${port}`);
  });
  const bound = app.server.address() as AddressInfo;
  if (fd !== undefined && port !== 0 && bound.port !== port)
    deps.log.warn({ bound, port }, "systemd's socket unit listens on a different port than api.port");
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return { url: `${tls ? 'https' : 'http'}://${name}:${bound.port}`, close: () => app.close() };
}

/** @param fd the descriptor of a socket that is already bound */
export async function listenOnSocket(deps: AppDeps, fd?: number): Promise<Listening> {
  const { socket } = deps.config.api;
  const app = await buildApp(deps, 'socket', { handedOver: fd !== undefined });
  await app.ready();
  let isFolderOurs = false;
  if (fd === undefined) {
    if (Buffer.byteLength(socket) > LONGEST_SOCKET)
      throw new Error(
        `api.socket: ${socket} is longer than ${LONGEST_SOCKET} bytes, the limit for a socket's path`,
      );
    isFolderOurs = (await mkdir(dirname(socket), { recursive: true, mode: 0o755 })) !== undefined;
    // This process holds the lock of the state folder. An existing socket file therefore belongs to a daemon that has
    // died, or to a daemon with another state folder.
    if (await answers(socket))
      throw new Error(`api.socket: another daemon listens on ${socket}; give each its own socket`);
    await rm(socket, { force: true });
    await app.listen({ path: socket }).catch((error: unknown) => {
      throw cannotListen(error, socket);
    });
    await chmod(socket, 0o600);
  } else {
    if (!(await isSocket(socket)))
      deps.log.warn({ socket }, 'nothing listens on api.socket; systemd passes a different socket');
    // fastify logs the path of the socket, but Node does not know the path of a socket that it did not bind
    app.server.address = () => socket;
    await app.listen(handed(fd));
  }
  return {
    url: socket,
    async close() {
      await app.close();
      // if the folder contains other files, it is not removed
      if (isFolderOurs) await rmdir(dirname(socket)).catch(() => undefined);
    },
  };
}

const REASONS: Readonly<Record<string, (where: string) => string>> = {
  EADDRINUSE: (where) =>
    `api.port: another program listens on ${where}; stop that program, or choose a different port`,
  EADDRNOTAVAIL: (where) => `api.host: this machine does not have this address (${where})`,
  EACCES: (where) => `api: listening on ${where} is not permitted; ports below 1024 need a privilege`,
  ENOTFOUND: (where) => `api.host: host name not found (${where})`,
};

/** If possible, describes the error with the name of the configuration key that causes it. */
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

/**
 * Passes the options to Node unchanged. The host is set, because fastify would otherwise also look up the other
 * addresses of `localhost`.
 */
function handed(fd: number): { readonly fd: number; readonly host: string } {
  return { fd, host: '' };
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isSocket(),
    () => false,
  );
}
