/** The options of a look-alike, and their defaults. */
import type { Backend } from '../backend.js';
import type { Faults } from '../control/faults.js';
import type { Grants } from './grants.js';

export interface StorageOption {
  readonly storage: string;
  readonly type: 'btrfs' | 'dir' | 'lvmthin' | 'zfspool' | 'rbd' | 'nfs' | 'drbd';
  /** One storage seen by every node; default: only `rbd`, `nfs` and `drbd`. */
  readonly shared?: boolean;
  /** e.g. `['rootdir']`, `['vztmpl', 'backup']` */
  readonly content: readonly string[];
  /** Nodes that have it; absent = all. */
  readonly nodes?: readonly string[];
  readonly totalBytes?: number;
  /** Override the abilities of the type. */
  readonly snapshots?: boolean;
  readonly rollback?: 'any' | 'newest';
  readonly linkedClone?: LinkedClone;
}

/** What a linked clone can be made of: nothing, templates, or any container. */
export type LinkedClone = 'none' | 'template' | 'any';

export interface NodeOption {
  readonly node: string;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly online?: boolean;
}

/** A template container that exists from the start (its disk is the back end's task). */
export interface TemplateOption {
  readonly vmid: number;
  readonly node: string;
  readonly name: string;
  readonly storage: string;
  readonly diskGb: number;
  readonly memoryMb?: number;
  readonly cores?: number;
}

export interface PveOptions {
  readonly backend: Backend;
  readonly version?: '9.1' | '8.4';
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** `id` is `user@realm!name`. */
  readonly token: { readonly id: string; readonly secret: string };
  /** The privileges of user and token; absent = all privileges everywhere. */
  readonly grants?: Grants;
  readonly host?: string;
  /** 0 = any free port. */
  readonly port?: number;
  /** JSON file that keeps the cluster between runs. */
  readonly stateFile?: string;
  readonly faults?: Faults;
  readonly nodes?: readonly (string | NodeOption)[];
  readonly storages?: readonly StorageOption[];
  readonly templates?: readonly TemplateOption[];
  /** The pool that those templates are members of; it exists from the start. */
  readonly templatePool?: string;
  /** OS template volumes, e.g. `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. */
  readonly osTemplates?: readonly string[];
  /** Pools that exist from the start. */
  readonly pools?: readonly string[];
  /** Factor for the duration of every task, lock wait and manager round: 1 = like the real system, 0 = at once. */
  readonly delays?: number;
  /** Delay in ms before a 401; default 3000 x delays. */
  readonly authDelayMs?: number;
  /** How long (ms) a call waits for a config lock; default 10000 x delays, at least 50. */
  readonly lockWaitMs?: number;
  /**
   * How much longer (ms) the next start takes after a rollback to a snapshot of a running container: its file system
   * looks mounted, and ext4 waits until it is sure that it is not mounted elsewhere. Default 42000 x delays.
   */
  readonly mountCheckMs?: number;
  /** Time in ms between two updates of the cached guest values; default 10000 x delays, at least 50. */
  readonly statsMs?: number;
  /** How long (ms) an API worker keeps the values that it read; default 2000 x delays, as in Proxmox (2 s). */
  readonly dumpMs?: number;
  /** Time in ms between two rounds of the HA manager; default 10000 x delays, at least 20. */
  readonly haMs?: number;
  /** Time in ms after which a call answers 596 while its work continues; default 30000. */
  readonly proxyTimeoutMs?: number;
  /** Folder with Proxmox's published schema; default: the environment variable PVE_SCHEMA_DIR. */
  readonly schemaDir?: string;
  readonly log?: (line: string) => void;
}

/** The nodes of a memory environment by default. */
export const DEFAULT_NODES: readonly string[] = ['pve1', 'pve2', 'pve3'];
export const DEFAULT_OS_TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
export const DEFAULT_STORAGES: readonly StorageOption[] = [
  { storage: 'local', type: 'dir', content: ['vztmpl', 'backup', 'iso'] },
  { storage: 'local-btrfs', type: 'btrfs', content: ['rootdir', 'images'] },
];
export const DEFAULT_TEMPLATES: readonly TemplateOption[] = DEFAULT_NODES.map((node, index) => ({
  vmid: 9001 + index,
  node,
  name: 'innkeeper-wordpress',
  storage: 'local-btrfs',
  diskGb: 4,
  memoryMb: 1024,
  cores: 1,
}));

/** Durations in milliseconds at `delays: 1`. */
export const TAKES = {
  create: 4000,
  linkedClone: 900,
  fullClone: 6000,
  start: 1200,
  stop: 600,
  shutdown: 1500,
  snapshot: 700,
  deleteSnapshot: 500,
  rollback: 1200,
  resize: 500,
  template: 300,
  destroy: 900,
  /** From the finished configuration of a new container until the container joins the pool. */
  joinPool: 300,
  /** From the removal of a destroyed container's last volume until its configuration file is removed. */
  forget: 150,
} as const;
export type Taking = keyof typeof TAKES;

export interface StorageKind {
  readonly snapshots: boolean;
  readonly rollback: 'any' | 'newest';
  readonly linkedClone: LinkedClone;
  /** The names of linked clones' volumes contain the name of their base, which cannot be freed before them. */
  readonly namesBase: boolean;
  readonly shared: boolean;
  /** Whether a volume on it can become a base image; LINSTOR/DRBD's plugin only copies, snapshots and renames. */
  readonly templates: boolean;
}

/** The plugins' tables of features, for raw disks (pve-storage, `volume_has_feature`). */
function linkedCloneOf(type: StorageOption['type']): LinkedClone {
  if (type === 'btrfs') return 'any';
  return ['lvmthin', 'zfspool', 'rbd'].includes(type) ? 'template' : 'none';
}

export function kindOf(storage: StorageOption): StorageKind {
  const snapshots = ['btrfs', 'lvmthin', 'zfspool', 'rbd', 'drbd'].includes(storage.type);
  return {
    snapshots: storage.snapshots ?? snapshots,
    rollback: storage.rollback ?? (storage.type === 'zfspool' ? 'newest' : 'any'),
    linkedClone: storage.linkedClone ?? linkedCloneOf(storage.type),
    namesBase: ['zfspool', 'rbd'].includes(storage.type),
    shared: storage.shared ?? ['rbd', 'nfs', 'drbd'].includes(storage.type),
    templates: storage.type !== 'drbd',
  };
}
