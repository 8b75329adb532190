/** What a look-alike can be told, and its defaults. */
import type { Backend } from '../backend.js';
import type { Faults } from '../faults.js';

export interface StorageOption {
  readonly storage: string;
  readonly type: 'btrfs' | 'dir' | 'lvmthin' | 'zfspool' | 'rbd' | 'nfs';
  /** One storage seen by every node; default: only `rbd` and `nfs`. */
  readonly shared?: boolean;
  /** e.g. `['rootdir']`, `['vztmpl', 'backup']` */
  readonly content: readonly string[];
  /** Nodes that have it; absent = all. */
  readonly nodes?: readonly string[];
  readonly totalBytes?: number;
  /** Override what the type can do. */
  readonly snapshots?: boolean;
  readonly rollback?: 'any' | 'newest';
  readonly linkedClone?: boolean;
}

export interface NodeOption {
  readonly node: string;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly online?: boolean;
}

/** A template container that is there from the start (its disk is the back end's business). */
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
  /** Privileges of the token; absent = all that are asked for. */
  readonly privileges?: readonly string[];
  readonly host?: string;
  /** 0 = any. */
  readonly port?: number;
  /** JSON file that keeps the cluster between runs. */
  readonly stateFile?: string;
  readonly faults?: Faults;
  readonly nodes?: readonly (string | NodeOption)[];
  readonly storages?: readonly StorageOption[];
  readonly templates?: readonly TemplateOption[];
  /** OS template volumes, e.g. `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. */
  readonly osTemplates?: readonly string[];
  /** Pools that exist from the start. */
  readonly pools?: readonly string[];
  /** Factor on every task's duration, lock wait and manager round: 1 = like the real thing, 0 = at once. */
  readonly delays?: number;
  /** Before a 401; default 3000 x delays. */
  readonly authDelayMs?: number;
  /** For a config lock; default 10000 x delays, at least 50. */
  readonly lockWaitMs?: number;
  /** Between updates of the cached guest figures; default 10000 x delays, at least 50. */
  readonly statsMs?: number;
  /** Between rounds of the HA manager; default 10000 x delays, at least 20. */
  readonly haMs?: number;
  /** After which a call answers 596 while it goes on; default 30000. */
  readonly proxyTimeoutMs?: number;
  /** Folder with Proxmox's published schema; default env PVE_SCHEMA_DIR. */
  readonly schemaDir?: string;
  readonly log?: (line: string) => void;
}

/** What a memory world is made of unless told otherwise. */
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

/** Milliseconds that things take at `delays: 1`. */
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
} as const;
export type Taking = keyof typeof TAKES;

export interface StorageKind {
  readonly snapshots: boolean;
  readonly rollback: 'any' | 'newest';
  readonly linkedClone: boolean;
  readonly shared: boolean;
}

export function kindOf(storage: StorageOption): StorageKind {
  const snapshots = ['btrfs', 'lvmthin', 'zfspool', 'rbd'].includes(storage.type);
  return {
    snapshots: storage.snapshots ?? snapshots,
    rollback: storage.rollback ?? (storage.type === 'zfspool' ? 'newest' : 'any'),
    linkedClone: storage.linkedClone ?? snapshots,
    shared: storage.shared ?? ['rbd', 'nfs'].includes(storage.type),
  };
}
