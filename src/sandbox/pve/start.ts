/** Starts the Proxmox VE look-alike: HTTPS, API token, tasks, locks, HA manager, over a back end that does the work. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createFaults, type Faults } from '../faults.js';
import type { Cluster } from './cluster.js';
import { randomMac, sizeOf } from './ct-config.js';
import { messageOf } from './failure.js';
import { createHaManager, type HaManager } from './ha.js';
import { createLocks } from './locks.js';
import {
  DEFAULT_NODES,
  DEFAULT_OS_TEMPLATE,
  DEFAULT_STORAGES,
  DEFAULT_TEMPLATES,
  type NodeOption,
  type PveOptions,
  type TemplateOption,
} from './options.js';
import { type Route, routeFinder } from './route.js';
import { clusterRoutes } from './routes/cluster.js';
import { haGroupRoutes } from './routes/ha-groups.js';
import { haResourceRoutes } from './routes/ha-resources.js';
import { haRuleRoutes } from './routes/ha-rules.js';
import { configRoutes } from './routes/lxc-config.js';
import { cloneRoutes } from './routes/lxc-clone.js';
import { createRoutes } from './routes/lxc-create.js';
import { destroyRoutes } from './routes/lxc-destroy.js';
import { powerRoutes, startWork } from './routes/lxc-power.js';
import { snapshotRoutes } from './routes/lxc-snapshot.js';
import { nodeRoutes } from './routes/nodes.js';
import { poolRoutes } from './routes/pools.js';
import { taskRoutes } from './routes/tasks.js';
import { loadSchema, type Violation } from './schema.js';
import { type RequestRecord, requestHandler } from './server.js';
import { type Container, openState, type TaskRecord } from './state.js';
import { createStats } from './stats.js';
import { createTasks } from './tasks.js';
import { volumeName } from './volumes.js';

export interface Pve {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** Requests that broke the published schema (when there is one to check with). */
  readonly violations: readonly Violation[];
  /** What was asked, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Copies of the containers as configured. */
  containers(): Container[];
  tasks(): readonly TaskRecord[];
  /** Sets (or clears) a config lock, as a backup or a crashed worker would. */
  lock(vmid: number, lock: string | undefined): void;
  /** One round of the status daemon and of the HA manager, now. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const GIB = 1024 ** 3;

function nodeOption(node: string | NodeOption): Required<NodeOption> {
  const defaults = { memoryBytes: 64 * GIB, cpus: 16, online: true };
  return typeof node === 'string' ? { node, ...defaults } : { ...defaults, ...node };
}

function templateContainer(template: TemplateOption, cluster: Cluster): Container {
  const { vmid, node, name, diskGb, memoryMb = 1024, cores = 1 } = template;
  const storage = cluster.storages.find((each) => each.storage === template.storage);
  if (!storage) throw new Error(`template ${vmid} is on storage '${template.storage}', which does not exist`);
  const volume = volumeName(storage, vmid).replace('vm-', 'base-');
  const config = {
    arch: 'amd64',
    cores: String(cores),
    hostname: name,
    memory: String(memoryMb),
    net0: `name=eth0,bridge=vmbr0,hwaddr=${randomMac()},ip=manual,type=veth`,
    ostype: 'debian',
    rootfs: `${volume},size=${sizeOf(diskGb)}`,
    swap: '512',
    template: '1',
    unprivileged: '1',
  };
  return { vmid, node, config, snapshots: {}, firewall: {} };
}

/** After the whole world was killed: half-made containers go, and locks of workers that are no more, as an operator would do it. */
async function tidyUp(cluster: Cluster): Promise<void> {
  const { containers, ha } = cluster.store.state;
  for (const container of Object.values(containers)) {
    const { lock } = container.config;
    delete container.config['lock'];
    if (lock !== 'create' && lock !== 'destroyed') continue;
    await cluster.backend.destroy(container.vmid).catch(() => {});
    Reflect.deleteProperty(containers, container.vmid);
    Reflect.deleteProperty(ha.resources, `ct:${container.vmid}`);
  }
  await cluster.store.save();
}

async function prepare(options: PveOptions): Promise<Cluster> {
  const { delays = 1 } = options;
  const store = openState(options.stateFile);
  const { state } = store;
  const statsMs = options.statsMs ?? Math.max(50, 10_000 * delays);
  const stats = createStats(state, options.backend, statsMs);
  const cluster: Cluster = {
    version: options.version ?? '9.1',
    backend: options.backend,
    store,
    stats,
    tasks: createTasks(store, () => {}),
    locks: createLocks(),
    nodes: (options.nodes ?? DEFAULT_NODES).map(nodeOption),
    storages: options.storages ?? DEFAULT_STORAGES,
    osTemplates: options.osTemplates ?? [DEFAULT_OS_TEMPLATE],
    token: options.token.id,
    delays,
    lockWaitMs: options.lockWaitMs ?? Math.max(50, 10_000 * delays),
    startedAt: Date.now(),
  };
  if (store.resumed) {
    await tidyUp(cluster);
  } else {
    for (const template of options.templates ?? DEFAULT_TEMPLATES)
      state.containers[template.vmid] = templateContainer(template, cluster);
    for (const pool of options.pools ?? []) state.pools[pool] = { comment: '', vms: [] };
    await store.save();
  }
  await stats.refresh();
  return cluster;
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
  const { faults = createFaults(), tls, host = '127.0.0.1', delays = 1 } = options;
  const cluster = await prepare(options);
  const ha = haManager(cluster, options.haMs ?? Math.max(20, 10_000 * delays));
  const violations: Violation[] = [];
  const requests: RequestRecord[] = [];
  const routes: Route[] = [
    ...[...clusterRoutes, ...nodeRoutes, ...taskRoutes, ...poolRoutes(options.privileges)],
    ...[...createRoutes, ...cloneRoutes, ...destroyRoutes, ...configRoutes, ...powerRoutes],
    ...[...snapshotRoutes, ...haResourceRoutes, ...haRuleRoutes, ...haGroupRoutes],
  ];
  const schemaDir = options.schemaDir ?? process.env['PVE_SCHEMA_DIR'];
  const handler = requestHandler({
    cluster,
    find: routeFinder(routes, cluster.version),
    token: { ...options.token, privileges: options.privileges },
    faults,
    schema: schemaDir === undefined || schemaDir === '' ? undefined : loadSchema(schemaDir),
    violations,
    requests,
    authDelayMs: options.authDelayMs ?? 3000 * delays,
    proxyTimeoutMs: options.proxyTimeoutMs ?? 30_000,
    log: options.log ?? (() => {}),
  });
  // 5 s idle or 100 requests, then the real one closes the connection too
  const server = createServer({ cert: tls.cert, key: tls.key, keepAliveTimeout: 5000 }, handler);
  server.maxRequestsPerSocket = 100;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (faults.refuses('pve')) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = addressOf(server.address());

  return {
    url: `https://${host}:${port}`,
    port,
    faults,
    violations,
    requests,
    containers: () => structuredClone(Object.values(cluster.store.state.containers)),
    tasks: () => cluster.tasks.list(),
    lock(vmid, lock) {
      const config = cluster.store.state.containers[vmid]?.config;
      if (!config) throw new RangeError(`there is no container ${vmid}`);
      if (lock === undefined) delete config['lock'];
      else config['lock'] = lock;
    },
    async settle() {
      await ha.round();
      await cluster.stats.refresh();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      cluster.stats.close();
      await ha.close();
      await Promise.race([cluster.tasks.idle(), pause(10_000, undefined, { ref: false })]);
      await cluster.store.save();
    },
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return address;
}
