/**
 * Starts the simulated cluster, either as a new cluster from the options, or from the stored state of an earlier run.
 */
import { addToPool, type Cluster, type ClusterNode } from './cluster.js';
import { randomMac, sizeOf } from './ct-config.js';
import { fullGrants } from './grants.js';
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
import { type Container, openState } from './state.js';
import { createStats } from './stats.js';
import { createTasks } from './tasks.js';
import { volumeName } from './volumes.js';

const GIB = 1024 ** 3;

function nodeOption(node: string | NodeOption): ClusterNode {
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

function addTemplate(cluster: Cluster, template: TemplateOption, pool: string | undefined): void {
  const { state } = cluster.store;
  state.containers[template.vmid] = templateContainer(template, cluster);
  if (pool === undefined) return;
  state.pools[pool] ??= { comment: '', vms: [] };
  addToPool(cluster, pool, template.vmid);
}

/**
 * If the whole environment was killed, cleans up as an operator would: removes incomplete containers, and the locks of
 * workers that have ended.
 */
async function tidyUp(cluster: Cluster): Promise<void> {
  const { containers, ha } = cluster.store.state;
  for (const container of Object.values(containers)) {
    const { lock } = container.config;
    delete container.config['lock'];
    for (const [name, { snapstate }] of Object.entries(container.snapshots))
      if (snapstate !== undefined) Reflect.deleteProperty(container.snapshots, name);
    if (lock !== 'create' && lock !== 'destroyed') continue;
    await cluster.backend.destroy(container.vmid).catch(() => {});
    Reflect.deleteProperty(containers, container.vmid);
    Reflect.deleteProperty(ha.resources, `ct:${container.vmid}`);
  }
  await cluster.store.save();
}

/** Returns the cluster, whose status daemon is already running. `stats.close()` stops the status daemon. */
export async function prepareCluster(options: PveOptions): Promise<Cluster> {
  const { delays = 1 } = options;
  const store = openState(options.stateFile);
  const { state } = store;
  const statsMs = options.statsMs ?? Math.max(50, 10_000 * delays);
  const stats = createStats(state, options.backend, statsMs, options.dumpMs ?? 2_000 * delays);
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
    grants: options.grants ?? fullGrants(),
    delays,
    mountCheckMs: options.mountCheckMs ?? 42_000 * delays,
    mountChecks: new Map(),
    mounting: new Map(),
    hanging: new Map(),
    lockWaitMs: options.lockWaitMs ?? Math.max(50, 10_000 * delays),
    startedAt: Date.now(),
  };
  for (const pool of options.pools ?? []) state.pools[pool] ??= { comment: '', vms: [] };
  if (store.resumed) {
    await tidyUp(cluster);
  } else {
    for (const template of options.templates ?? DEFAULT_TEMPLATES)
      addTemplate(cluster, template, options.templatePool);
    await store.save();
  }
  await stats.refresh();
  return cluster;
}
