/**
 * The type of a condition and the sources that it may read. Each kind has a file in `conditions/`; `conditions.ts`
 * lists them.
 */
import type { Config } from '../config/config.js';
import type { AlertRecord, AlertSpec, NoticeKind } from '../model/alert.js';
import type { Clock } from '../kernel/clock.js';
import type { ClockDoubt } from '../model/clock-doubt.js';
import type { ServerHealth } from '../model/account.js';
import type { Server } from '../model/server.js';
import type { ModuleView } from '../model/module-view.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import type { LeftLock } from '../model/actual-state.js';
import type { Task } from '../model/task.js';
import type { PoolUse } from '../model/pool-use.js';
import type { State } from '../state/contract.js';

/** A remote system as its circuit sees it. */
export interface SystemView {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  /** RFC 3339 */
  readonly since: string;
  /** The system's message, if it refuses the agent itself and not only single requests; else null. */
  readonly refusal: string | null;
}

export interface ConditionSources {
  readonly config: Pick<Config, 'agent' | 'alerts' | 'deletion'> & {
    readonly container_host: { readonly proxmox: { readonly token_id: string } };
  };
  readonly state: Pick<State, 'services' | 'domains' | 'damaged'>;
  readonly clock: Clock;
  readonly pools: () => readonly PoolUse[];
  readonly ownCertificates: () => readonly OwnCertificate[];
  readonly circuits: () => readonly SystemView[];
  readonly drift: () => readonly { readonly kind: string; readonly services: number }[];
  /**
   * Locks that ended tasks have left on this agent's containers and that two comparisons have found, with the service
   * of each container (`panel/service`).
   */
  readonly leftLocks: () => readonly { readonly key: string; readonly leftLock: LeftLock }[];
  /**
   * Containers that have this agent's mark but whose service has no record, as text: `container 1012 on pve2
   * (default/12)`.
   */
  readonly strangers: () => readonly string[];
  /**
   * The error code of the last failed write, and when writes began to fail (RFC 3339). Undefined while writes succeed.
   */
  readonly failingWrites: () => { readonly since: string; readonly code: string } | undefined;
  /** Undefined while the wall clock is trusted. */
  readonly clockDoubt: () => ClockDoubt | undefined;
  /**
   * The number of file descriptors in use, their limit, and when the operating system last refused to open one (epoch
   * ms).
   */
  readonly descriptors: () => {
    readonly open: number | undefined;
    readonly limit: number | undefined;
    readonly refusedAt: number | undefined;
  };
  readonly modules: () => readonly ModuleView[];
  /** The servers of modules, with the results of the last checks. */
  readonly servers: () => readonly { readonly server: Server; readonly health: ServerHealth | undefined }[];
  /** The failed tasks of each module. */
  readonly failedTasks: () => readonly FailedTasks[];
  /** For each panel, the most recent request of this kind that needs an alert, and its time (epoch ms). */
  readonly notices: (kind: NoticeKind) => ReadonlyMap<string, Noticed>;
}

export interface FailedTasks {
  /** `product/shop` */
  readonly module: string;
  readonly count: number;
  /** The task that failed last. */
  readonly last: Task;
}

export interface Noticed {
  /** The plan's name as the panel sent it. */
  readonly plan: string;
  readonly service?: string;
  readonly at: number;
}

/**
 * Returns the alerts of one kind that apply now. A condition is checked every half minute, so it must be cheap and must
 * read only records and memory. Because conditions read records, they also detect what happened while the agent was
 * down. `active` contains the active alerts of this kind, for conditions that raise an alert at one level and clear it
 * only at a lower level.
 */
export type Condition = (active: readonly AlertRecord[]) => Promise<AlertSpec[]> | AlertSpec[];

/** Called once per start of the daemon, so a condition can keep state between two checks. */
export type MakeCondition = (sources: ConditionSources) => Condition;

/** An alert about the agent itself. All tokens with the permission `admin`, of any panel, see such an alert. */
export const OF_AGENT = { panel: null, serviceId: null } as const;

export const DAY_MS = 86_400_000;
