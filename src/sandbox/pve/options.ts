/** The options of the simulated Proxmox, and their defaults. */
import type { Backend } from '../backend.js';
import type { Faults } from '../control/faults.js';
import type { Grants } from './grants.js';

export interface StorageOption {
  readonly storage: string;
  readonly type: 'btrfs' | 'dir' | 'lvmthin' | 'zfspool' | 'rbd' | 'nfs' | 'drbd';
  /** True if all nodes share the storage. By default, this is true only for `rbd`, `nfs` and `drbd`. */
  readonly shared?: boolean;
  /** e.g. `['rootdir']`, `['vztmpl', 'backup']` */
  readonly content: readonly string[];
  /** The nodes that have the storage. If this field is absent, all nodes have the storage. */
  readonly nodes?: readonly string[];
  readonly totalBytes?: number;
  /** Values that override the abilities of the storage type. */
  readonly snapshots?: boolean;
  readonly rollback?: 'any' | 'newest';
  readonly linkedClone?: LinkedClone;
}

/** The kind of containers from which linked clones can be created: none, templates, or any container. */
export type LinkedClone = 'none' | 'template' | 'any';

export interface NodeOption {
  readonly node: string;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly online?: boolean;
}

/** A template container that exists from the start. The back end creates its disk. */
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
  /** The certificate and the key as PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** `id` is `user@realm!name`. */
  readonly token: { readonly id: string; readonly secret: string };
  /** The privileges of the user and the token. If they are absent, both have all privileges on all paths. */
  readonly grants?: Grants;
  readonly host?: string;
  /** The port; 0 means any free port. */
  readonly port?: number;
  /** The JSON file that stores the cluster between runs. */
  readonly stateFile?: string;
  readonly faults?: Faults;
  readonly nodes?: readonly (string | NodeOption)[];
  readonly storages?: readonly StorageOption[];
  readonly templates?: readonly TemplateOption[];
  /** The pool of these templates, which exists from the start. */
  readonly templatePool?: string;
  /** The OS template volumes, such as `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. */
  readonly osTemplates?: readonly string[];
  /** The pools that exist from the start. */
  readonly pools?: readonly string[];
  /**
   * The factor for the duration of every task, lock wait and manager round. With 1, they take as long as in the real
   * system; with 0, no time.
   */
  readonly delays?: number;
  /** The delay in ms before a 401. The default is 3000 x delays. */
  readonly authDelayMs?: number;
  /** How long (ms) a request waits for a config lock. The default is 10000 x delays, but at least 50. */
  readonly lockWaitMs?: number;
  /**
   * How much longer (ms) the next start takes after a rollback to a snapshot that was taken while the container was
   * running. The file system in such a snapshot looks as if it were mounted. ext4 therefore waits until it is sure
   * that the file system is not mounted elsewhere. The default is 42000 x delays.
   */
  readonly mountCheckMs?: number;
  /**
   * The time in ms between two updates of the cached guest values. The default is 10000 x delays, but at least 50.
   */
  readonly statsMs?: number;
  /**
   * How long (ms) an API worker caches the values that it read. The default is 2000 x delays, as in Proxmox (2 s).
   */
  readonly dumpMs?: number;
  /** The time in ms between two rounds of the HA manager. The default is 10000 x delays, but at least 20. */
  readonly haMs?: number;
  /** The time in ms after which a request gets status 596 while its work continues. The default is 30000. */
  readonly proxyTimeoutMs?: number;
  /** The folder with Proxmox's published schema. The default is the environment variable PVE_SCHEMA_DIR. */
  readonly schemaDir?: string;
  readonly log?: (line: string) => void;
}

/** The default nodes of a memory environment. */
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

/** The durations in milliseconds if `delays` is 1. */
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
  /**
   * The time between the moment when the configuration of a new container is complete and the moment when the
   * container is added to its pool.
   */
  joinPool: 300,
  /**
   * The time between the removal of the last volume of a destroyed container and the removal of its configuration
   * file.
   */
  forget: 150,
} as const;
export type Taking = keyof typeof TAKES;

export interface StorageKind {
  readonly snapshots: boolean;
  readonly rollback: 'any' | 'newest';
  readonly linkedClone: LinkedClone;
  /**
   * True if the volume name of a linked clone contains the name of its base volume. In this case, the base volume
   * cannot be removed before the clone.
   */
  readonly namesBase: boolean;
  readonly shared: boolean;
  /**
   * True if a volume can become a base image. The plugin of LINSTOR/DRBD can only copy, snapshot and rename volumes.
   */
  readonly templates: boolean;
}

/** The features of each storage plugin for raw disks (pve-storage, `volume_has_feature`). */
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
