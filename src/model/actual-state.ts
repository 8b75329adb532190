/**
 * The result of one read of the remote systems. A system that could not be read is null: its state is unknown and is
 * never reported as drift.
 */
import type { Mark } from '../kernel/mark.js';
import type { Plan } from './plan.js';

interface Marked {
  readonly mark: Mark | undefined;
  /** True when the object's note is the mark and nothing else. A note with more text was written by a person. */
  readonly markAlone: boolean;
}

/**
 * A lock that is still on a container although the task that set the lock has ended. Proxmox refuses every change of
 * the container until an operator removes the lock.
 */
export interface LeftLock {
  readonly vmid: number;
  readonly node: string;
  /** The lock's type in the container host's words, for example `snapshot-delete`. */
  readonly lock: string;
  /**
   * Shell commands to run on the node in this order. The commands remove the lock and what the interrupted task left
   * half done.
   */
  readonly commands: readonly string[];
}

export interface SeenContainer extends Marked {
  readonly vmid: number;
  readonly node: string;
  readonly power: 'running' | 'stopped' | 'unknown';
  readonly template: boolean;
  readonly leftLock?: LeftLock;
  /**
   * HA has put the container into the state `error`. HA neither starts nor moves the container until an operator clears
   * that state.
   */
  readonly haError?: true;
  readonly resources: Pick<Plan, 'cores' | 'memoryMb' | 'swapMb' | 'diskGb'>;
}

export interface SeenContainers {
  readonly read: readonly SeenContainer[];
  /** VMIDs of containers that exist but could not be read in this comparison. */
  readonly unread: readonly number[];
}

export interface SeenHa extends Marked {
  readonly vmid: number;
  /** The state that HA should maintain (`started`, `stopped`, ...); null when only the HA rule is left. */
  readonly state: string | null;
  /** Whether the HA rule that restricts the container to certain nodes exists; null when no rule is needed. */
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
  /** Ids of the certificates that the proxy serves. */
  readonly certificates: readonly string[] | null;
}

export type System = keyof ActualState;
