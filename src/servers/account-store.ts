/** Keeps the results of inspections in memory. After a restart, the next inspections find them again. */
import { isDeepStrictEqual } from 'node:util';
import type { Accounts, AccountView, ServerHealth } from '../model/account.js';
import type { ServiceKey } from '../model/service.js';

/** The result of the inspection of one account. */
export type Inspected =
  | Omit<AccountView, 'isConfirmed' | 'staleSince'>
  /** The account could not be inspected. */
  | { readonly problem: string };

export interface AccountStore extends Accounts {
  enter(key: ServiceKey, inspected: Inspected, now: number): void;
  /** `problem`: why the server does not respond; null if it does. */
  checked(id: string, problem: string | null, now: number): void;
  /** Forgets all accounts and servers that are not in the lists. */
  keep(keys: ReadonlySet<ServiceKey>, servers: ReadonlySet<string>): void;
}

export function accountStore(): AccountStore {
  const accounts = new Map<ServiceKey, AccountView>();
  const servers = new Map<string, ServerHealth>();
  return {
    of: (key) => accounts.get(key),
    server: (id) => servers.get(id),
    enter(key, inspected, now) {
      const before = accounts.get(key);
      const next = viewOf(before, inspected, now);
      // responses that were cached for the former object stay valid if nothing has changed
      if (next && !isDeepStrictEqual(before, next)) accounts.set(key, next);
    },
    checked(id, problem, now) {
      const before = servers.get(id);
      const reachable = problem === null;
      servers.set(id, {
        ...{ reachable, problem, checkedAt: now },
        failures: reachable ? 0 : (before?.failures ?? 0) + 1,
        since: before?.reachable === reachable ? before.since : now,
      });
    },
    keep(keys, ids) {
      for (const key of accounts.keys()) if (!keys.has(key)) accounts.delete(key);
      for (const id of servers.keys()) if (!ids.has(id)) servers.delete(id);
    },
  };
}

function viewOf(before: AccountView | undefined, inspected: Inspected, now: number): AccountView | undefined {
  if ('problem' in inspected)
    return before && { ...before, reachable: false, staleSince: before.staleSince ?? now };
  const isSame = before?.exists === inspected.exists && before.active === inspected.active;
  return { ...inspected, isConfirmed: isSame, staleSince: null };
}
