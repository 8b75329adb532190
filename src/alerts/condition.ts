/** What a condition is, and what it may look at. One file per kind in `conditions/`; `conditions.ts` is their table. */
import type { Config } from '../config/config.js';
import type { AlertRecord, AlertSpec, NoticeKind } from '../model/alert.js';
import type { Clock } from '../kernel/clock.js';
import type { ClockDoubt } from '../model/clock-doubt.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import type { LeftLock } from '../model/actual-state.js';
import type { PoolUse } from '../model/pool-use.js';
import type { State } from '../state/contract.js';

/** One remote system, as the circuit in front of it sees it. */
export interface SystemView {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  /** RFC 3339 */
  readonly since: string;
  /** With what words it refuses the agent itself; null when it does not. */
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
  /** Locks that two looks found on containers of ours, and whose they are (`panel/service`). */
  readonly leftLocks: () => readonly { readonly key: string; readonly leftLock: LeftLock }[];
  /** Containers with our mark that the state does not know, in words: `container 1012 on pve2 (default/12)`. */
  readonly strangers: () => readonly string[];
  /** The last write failed, with this code, since then (RFC 3339). */
  readonly failingWrites: () => { readonly since: string; readonly code: string } | undefined;
  /** Undefined while the wall clock is trusted. */
  readonly clockDoubt: () => ClockDoubt | undefined;
  /** In use, allowed, and when (epoch ms) one was last refused to us. */
  readonly descriptors: () => {
    readonly open: number | undefined;
    readonly limit: number | undefined;
    readonly refusedAt: number | undefined;
  };
  /** By panel, what it asked for last that is worth an alert, and when (epoch ms). */
  readonly notices: (kind: NoticeKind) => ReadonlyMap<string, Noticed>;
}

export interface Noticed {
  /** As the panel wrote it. */
  readonly plan: string;
  readonly service?: string;
  readonly at: number;
}

/**
 * What of its kind holds now. Looks at records and memory only, so that nothing is missed while the agent was down,
 * and a look costs little: it is made every half minute. `active`: what was raised of this kind and has not ended,
 * for kinds that are slower to go than to come.
 */
export type Condition = (active: readonly AlertRecord[]) => Promise<AlertSpec[]> | AlertSpec[];

/** Made once for each start of the daemon: what a condition remembers between two looks is its own. */
export type MakeCondition = (sources: ConditionSources) => Condition;

/** An alert about the agent itself, which every panel's token with `admin` sees. */
export const OF_AGENT = { panel: null, serviceId: null } as const;

export const DAY_MS = 86_400_000;
