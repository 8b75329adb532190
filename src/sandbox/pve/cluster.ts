/** The simulated cluster. The API methods and the managers read and change it. */
import type { Backend } from '../backend.js';
import type { Strike } from '../control/faults.js';
import { rootDisk } from './ct-config.js';
import { die, PveError } from './failure.js';
import { configLock, type Locks } from './locks.js';
import {
  kindOf,
  type NodeOption,
  type StorageKind,
  type StorageOption,
  TAKES,
  type Taking,
} from './options.js';
import type { Grants } from './grants.js';
import type { Container, StateStore } from './state.js';
import type { Stats } from './stats.js';
import type { TaskFault, TaskHandle, Tasks } from './tasks.js';

export interface ClusterNode extends Required<NodeOption> {
  /** Whether the node is online. Tests switch nodes off and on. */
  online: boolean;
}

export interface Cluster {
  readonly version: '9.1' | '8.4';
  readonly backend: Backend;
  readonly store: StateStore;
  readonly tasks: Tasks;
  readonly locks: Locks;
  readonly stats: Stats;
  readonly nodes: readonly ClusterNode[];
  readonly storages: readonly StorageOption[];
  readonly osTemplates: readonly string[];
  readonly token: string;
  /** The privileges of the user and the token, which tests may change. */
  grants: Grants;
  readonly delays: number;
  readonly lockWaitMs: number;
  readonly mountCheckMs: number;
  /**
   * By VMID: how long (ms) the next start checks the file system, regardless of the state of the file system. Faults
   * set this value.
   */
  readonly mountChecks: Map<number, number>;
  /**
   * By VMID: the file systems that are being checked before they are mounted. A request for the status of such a
   * container waits until the check has ended.
   */
  readonly mounting: Map<number, Promise<void>>;
  /** By node: the requests that wait for such a check. Each of them occupies one worker of the node's daemon. */
  readonly hanging: Map<string, Set<Promise<void>>>;
  readonly startedAt: number;
}

/** A request that is being handled. */
export interface Call {
  readonly cluster: Cluster;
  readonly user: string;
  /** The checked parameters, including those in the path. */
  readonly values: Readonly<Record<string, string>>;
  readonly strike: Strike;
  /** The fields that the response contains in addition to its data. */
  readonly attributes: { total?: number };
}

export const takes = (cluster: Cluster, what: Taking): number => TAKES[what] * cluster.delays;

export const vmidOf = (call: Call, name = 'vmid'): number => Number(call.values[name]);

export const isSet = (call: Call, name: string): boolean => call.values[name] === '1';

/** Returns the container on this node, or throws Proxmox's message that it does not exist. */
export function containerAt(cluster: Cluster, node: string, vmid: number): Container {
  const found = cluster.store.state.containers[vmid];
  if (found?.node !== node) return die(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);
  return found;
}

export const containerOf = (call: Call): Container =>
  containerAt(call.cluster, call.values['node'] ?? '', vmidOf(call));

export function refuseTaken(cluster: Cluster, vmid: number): void {
  const found = cluster.store.state.containers[vmid];
  if (found) die(`CT ${vmid} already exists on node '${found.node}'`);
}

export function refuseLocked(call: Call | undefined, container: Container): void {
  const kind = call?.strike.kind;
  const injected =
    kind && 'lock' in kind && !['config', 'storage'].includes(kind.lock) ? kind.lock : undefined;
  const lock = injected ?? container.config['lock'];
  if (lock !== undefined) die(`CT is locked (${lock})`);
}

export function refuseStale(digest: string | undefined, current: string): void {
  if (digest !== undefined && digest !== current)
    die('detected modified configuration - file changed by other user? Try again.');
}

/** Applies a fault to the container before the request is executed. */
export function strikeContainer({ cluster, values, strike }: Call): void {
  const { kind } = strike;
  if (!kind || !('leftLock' in kind || 'mountCheckMs' in kind)) return;
  const container = cluster.store.state.containers[Number(values['vmid'])];
  if (!container) strike.missed?.();
  else if ('mountCheckMs' in kind) cluster.mountChecks.set(container.vmid, kind.mountCheckMs);
  else if (container.config['lock'] !== undefined) strike.missed?.();
  else container.config['lock'] = kind.leftLock;
}

/** Holds the lock of the container's configuration file while `work` runs. */
export function holdConfig<T>(call: Call, vmid: number, work: () => Promise<T>, factor = 1): Promise<T> {
  const { cluster, strike } = call;
  const file = configLock(vmid);
  if (strike.kind && 'lock' in strike.kind && strike.kind.lock === 'config')
    throw new PveError(500, `can't lock file '${file}' - got timeout`);
  return cluster.locks.hold(file, cluster.lockWaitMs * factor, work);
}

/** Holds the lock of the storage while a volume is created or removed on it. */
export function holdStorage<T>(call: Call, storage: string, work: () => Promise<T>): Promise<T> {
  const { cluster, strike } = call;
  const option = storageNamed(cluster, storage);
  const { shared } = kindOf(option);
  const file = `/var/lock/pve-manager/pve-storage-${storage}`;
  if (strike.kind && 'lock' in strike.kind && strike.kind.lock === 'storage')
    die(
      option.type === 'drbd'
        ? `API Return-Code: 500. Message: Could not autoplace resource vm-${call.values['newid'] ?? call.values['vmid'] ?? ''}-disk-0, because: 'storage-${storage}'-locked command timed out - aborting`
        : shared
          ? `cfs-lock 'storage-${storage}' error: got lock request timeout`
          : `can't lock file '${file}' - got timeout`,
    );
  return cluster.locks.hold(file, cluster.lockWaitMs * 6, work);
}

function faultOf(strike: Strike): TaskFault | undefined {
  const { kind } = strike;
  if (!kind) return undefined;
  if ('taskError' in kind) return { error: kind.taskError, errorAfter: kind.after === true };
  if ('taskMs' in kind) return { extraMs: kind.taskMs };
  return 'lie' in kind ? { lie: true } : undefined;
}

/** Starts a task for the container of the call. */
export function fork(
  call: Call,
  type: string,
  id: number | string,
  work: (task: TaskHandle) => Promise<void>,
): string {
  const { cluster, user, values, strike } = call;
  const node = values['node'] ?? cluster.nodes[0]?.node ?? '';
  return cluster.tasks.fork({ node, type, id: String(id), user, fault: faultOf(strike) }, work);
}

export function storageNamed(cluster: Cluster, name: string): StorageOption {
  const found = cluster.storages.find(({ storage }) => storage === name);
  return found ?? die(`storage '${name}' does not exist`);
}

export function storageOnNode(cluster: Cluster, name: string, node: string): StorageOption {
  const storage = storageNamed(cluster, name);
  if (storage.nodes && !storage.nodes.includes(node))
    die(`storage '${name}' is not available on node '${node}'`);
  return storage;
}

export function diskKind(cluster: Cluster, container: Container): StorageKind {
  return kindOf(storageNamed(cluster, rootDisk(container.config).storage));
}

export function removeFromPools(cluster: Cluster, vmid: number): void {
  for (const pool of Object.values(cluster.store.state.pools))
    pool.vms = pool.vms.filter((other) => other !== vmid);
}

export function addToPool(cluster: Cluster, name: string | undefined, vmid: number): void {
  if (name === undefined) return;
  removeFromPools(cluster, vmid);
  cluster.store.state.pools[name]?.vms.push(vmid);
}

export function poolOf(cluster: Cluster, vmid: number): string | undefined {
  return Object.entries(cluster.store.state.pools).find(([, { vms }]) => vms.includes(vmid))?.[0];
}

/** Implements Proxmox's function `check_pool_exist`, which reports a missing pool as a missing permission. */
export function refuseMissingPool(cluster: Cluster, name: string | undefined): void {
  if (name === undefined || cluster.store.state.pools[name]) return;
  throw new PveError(403, `Permission check failed (pool '${name}' does not exist)`);
}
