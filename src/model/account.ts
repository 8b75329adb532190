/** What the agent knows about the accounts on servers, from the inspections of their modules. Only in memory. */
import type { ServiceKey } from './service.js';

export interface AccountView {
  readonly exists: boolean;
  /** Null if the server does not report whether the account is suspended. */
  readonly active: boolean | null;
  /** False if the account cannot be used, or if its server does not respond. */
  readonly reachable: boolean;
  /** Numbers by name. */
  readonly usage: Readonly<Record<string, number>>;
  /** Whether two inspections in a row had this result. */
  readonly isConfirmed: boolean;
  /** Since when the account could not be inspected (epoch ms); null if the last inspection succeeded. */
  readonly staleSince: number | null;
}

export interface ServerHealth {
  readonly reachable: boolean;
  /** Number of failed checks in a row. */
  readonly failures: number;
  /** Since when the server has this state, and when it was last checked (epoch ms). */
  readonly since: number;
  readonly checkedAt: number;
  /** Why the server does not respond, for operators; null if it does. */
  readonly problem: string | null;
}

export interface Accounts {
  /** The same object is returned until something changes. Undefined before the first inspection. */
  of(key: ServiceKey): AccountView | undefined;
  /** Undefined before the first check. */
  server(id: string): ServerHealth | undefined;
}

/** The names of `usage` that `GET /status` has for every service. */
export const STATUS_USAGE = [
  'cpu',
  'memory_bytes',
  'memory_limit_bytes',
  'disk_bytes',
  'disk_limit_bytes',
  'network_in_bytes',
  'network_out_bytes',
  'uptime_seconds',
] as const;
