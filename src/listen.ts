/** Listens for calls: on the network and on the daemon's own unix socket, or on what systemd listens on for us, so that callers wait through a restart instead of being refused. */
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { type AppDeps, buildApp } from './app.js';

export interface Listening {
  /** `http://127.0.0.1:8080` (or https), or the socket's path. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param fd of a socket that is bound already; `api.host` and `api.port` are then of no account */
export async function listenOnNetwork(deps: AppDeps, fd?: number): Promise<Listening> {
  const { host, port, tls } = deps.config.api;
  const app = await buildApp(deps, 'network', { handedOver: fd !== undefined });
  await app.listen(fd === undefined ? { host, port } : handed(fd));
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
  if (fd === undefined) {
    await mkdir(dirname(socket), { recursive: true, mode: 0o755 });
    // The state's lock is held, so a socket file that lies there is a dead daemon's.
    await rm(socket, { force: true });
    await app.listen({ path: socket });
    await chmod(socket, 0o600);
  } else {
    if (!(await isSocket(socket)))
      deps.log.warn({ socket }, 'nothing listens at api.socket; systemd hands over another one');
    // node cannot tell the path of a socket that it did not bind, and fastify wants to log one
    app.server.address = () => socket;
    await app.listen(handed(fd));
  }
  return { url: socket, close: () => app.close() };
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
