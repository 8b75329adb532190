/**
 * Starts the simulated Proxmox VE with an HTTPS API, an API token, tasks, locks and an HA manager. A back end manages
 * the containers.
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createFaults, type Faults } from '../control/faults.js';
import type { Cluster } from './cluster.js';
import { messageOf } from './failure.js';
import { fullGrants, type Grants } from './grants.js';
import { createHaManager, type HaManager } from './ha.js';
import type { PveOptions } from './options.js';
import { prepareCluster } from './prepare.js';
import { routeFinder } from './route.js';
import { ROUTES } from './routes.js';
import { startWork } from './routes/lxc-power.js';
import { loadSchema, type Violation } from './schema.js';
import { type RequestRecord, requestHandler } from './server.js';
import type { Container, TaskRecord } from './state.js';

export interface Pve {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** The requests that violated Proxmox's published schema. Empty if the schema is not available. */
  readonly violations: readonly Violation[];
  /** The received requests, sorted from oldest to newest. */
  readonly requests: readonly RequestRecord[];
  /** Returns copies of the configured containers. */
  containers(): Container[];
  /** Returns a copy of the HA configuration. */
  ha(): { resources: Record<string, unknown>; rules: Record<string, unknown> };
  tasks(): readonly TaskRecord[];
  /** Sets or removes a config lock, to simulate a backup or a crashed worker. */
  lock(vmid: number, lock: string | undefined): void;
  /**
   * Removes the configuration and the disk of a container, to simulate that their storage was lost. Its HA resource,
   * its rules and its pool membership stay.
   */
  lose(vmid: number): Promise<void>;
  /**
   * Disconnects or reconnects a node. Requests for a disconnected node get status 595, and its guests keep their last
   * values.
   */
  setOnline(node: string, online: boolean): void;
  /**
   * Sets the privileges of the user and the token. If the argument is undefined, restores the privileges that they had
   * at the start.
   */
  setGrants(grants: Grants | undefined): void;
  /** Sets how many milliseconds the clock of the simulated Proxmox is ahead of the real time. */
  setClock(offsetMs: number): void;
  /** Runs one round of the status daemon and of the HA manager now. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

function haManager(cluster: Cluster, everyMs: number): HaManager {
  return createHaManager(cluster, everyMs, (vmid) => {
    const node = cluster.store.state.containers[vmid]?.node ?? '';
    return new Promise((resolve, reject) => {
      cluster.tasks.fork({ node, type: 'vzstart', id: String(vmid), user: 'root@pam' }, async (task) => {
        try {
          await startWork(cluster, undefined, node, vmid, task);
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(messageOf(error)));
          throw error;
        }
      });
    });
  });
}

export async function startPve(options: PveOptions): Promise<Pve> {
  const { faults = createFaults(), host = '127.0.0.1', delays = 1 } = options;
  const schemaDir = options.schemaDir ?? process.env['PVE_SCHEMA_DIR'];
  const schema = schemaDir === undefined || schemaDir === '' ? undefined : loadSchema(schemaDir);
  const cluster = await prepareCluster(options);
  const violations: Violation[] = [];
  const requests: RequestRecord[] = [];
  const clock = { offsetMs: 0 };
  const handler = requestHandler({
    cluster,
    find: routeFinder(ROUTES, cluster.version),
    token: options.token,
    clock,
    faults,
    schema,
    violations,
    requests,
    authDelayMs: options.authDelayMs ?? 3000 * delays,
    proxyTimeoutMs: options.proxyTimeoutMs ?? 30_000,
    log: options.log ?? (() => {}),
  });
  const listener = await openListener(options, handler, faults).catch((error: unknown) => {
    cluster.stats.close();
    throw error;
  });
  const ha = haManager(cluster, options.haMs ?? Math.max(20, 10_000 * delays));
  return {
    url: `https://${host}:${listener.port}`,
    port: listener.port,
    faults,
    violations,
    requests,
    containers: () => structuredClone(Object.values(cluster.store.state.containers)),
    ha: () =>
      structuredClone({
        resources: cluster.store.state.ha.resources,
        rules: cluster.store.state.ha.rules,
      }),
    tasks: () => cluster.tasks.list(),
    lock(vmid, lock) {
      const config = cluster.store.state.containers[vmid]?.config;
      if (!config) throw new RangeError(`there is no container ${vmid}`);
      if (lock === undefined) delete config['lock'];
      else config['lock'] = lock;
    },
    async lose(vmid) {
      const { containers } = cluster.store.state;
      if (!containers[vmid]) throw new RangeError(`there is no container ${vmid}`);
      await cluster.backend.destroy(vmid);
      Reflect.deleteProperty(containers, vmid);
    },
    setOnline(name, online) {
      const node = cluster.nodes.find((each) => each.node === name);
      if (!node) throw new RangeError(`there is no node ${name}`);
      node.online = online;
    },
    setGrants(grants) {
      cluster.grants = grants ?? options.grants ?? fullGrants();
    },
    setClock(offsetMs) {
      clock.offsetMs = offsetMs;
    },
    async settle() {
      await ha.round();
      await cluster.stats.refresh();
    },
    async close() {
      listener.close();
      cluster.stats.close();
      await ha.close();
      await Promise.race([cluster.tasks.idle(), pause(10_000, undefined, { ref: false })]);
      await cluster.store.save();
    },
  };
}

/**
 * Starts the HTTPS server with the limits of the real server: a connection is closed after 5 s without a request, or
 * after 100 requests.
 */
async function openListener(
  { tls, host = '127.0.0.1', port = 0 }: PveOptions,
  handler: RequestListener,
  faults: Faults,
): Promise<{ port: number; close(): void }> {
  const server = createServer({ cert: tls.cert, key: tls.key, keepAliveTimeout: 5000 }, handler);
  server.maxRequestsPerSocket = 100;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    if (faults.refuses('pve')) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return {
    port: address.port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
