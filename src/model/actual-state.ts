/** What one look found in the systems behind us; a system that could not be asked is null: unknown, never drift. */
import type { Mark } from '../kernel/mark.js';
import type { Plan } from './plan.js';

interface Marked {
  readonly mark: Mark | undefined;
  /** Nothing else stands beside the mark: a note that only mentions it is somebody's own. */
  readonly markAlone: boolean;
}

/** A lock on a container that no task holds any more: every change of it is refused until a person removes the lock. */
export interface LeftLock {
  readonly vmid: number;
  readonly node: string;
  /** In the container host's words, e.g. `snapshot-delete`. */
  readonly lock: string;
  /** What removes it, and what was left half done with it; for a shell on the node, in this order. */
  readonly commands: readonly string[];
}

export interface SeenContainer extends Marked {
  readonly vmid: number;
  readonly node: string;
  readonly power: 'running' | 'stopped' | 'unknown';
  readonly template: boolean;
  readonly leftLock?: LeftLock;
  /** HA has given up on it: it is neither started nor moved until a person leads it out. */
  readonly haError?: true;
  readonly resources: Pick<Plan, 'cores' | 'memoryMb' | 'swapMb' | 'diskGb'>;
}

export interface SeenContainers {
  readonly read: readonly SeenContainer[];
  /** Numbers of those that exist and could not be read now. */
  readonly unread: readonly number[];
}

export interface SeenHa extends Marked {
  readonly vmid: number;
  /** What is asked of it: `started`, `stopped`, ...; null: only the rule is left. */
  readonly state: string | null;
  /** Whether the rule stands that says where it may run; null: none is wanted. */
  readonly rule: boolean | null;
}

export interface SeenRecord extends Marked {
  /** Without the final dot. */
  readonly name: string;
  readonly type: string;
  readonly values: readonly string[];
}

export interface SeenHost {
  readonly mark: Mark;
  readonly names: readonly string[];
  readonly upstream: { readonly address: string; readonly port: number };
  readonly state: string;
}

export interface ActualState {
  readonly containers: SeenContainers | null;
  readonly ha: readonly SeenHa[] | null;
  readonly dns: readonly SeenRecord[] | null;
  readonly proxy: readonly SeenHost[] | null;
  /** Ids of certificates that the proxy shows. */
  readonly certificates: readonly string[] | null;
}

export type System = keyof ActualState;
