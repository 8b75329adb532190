/** Compares the records with what inspections have found about accounts on servers. A pure function. */
import type { AccountView } from '../model/account.js';
import type { ServiceKey } from '../model/service.js';
import type { ServicePicture } from './desired-state.js';
import { type Finding, findingsOf } from './drift.js';

export interface AccountFindings {
  readonly findings: readonly Finding[];
  /** Services whose account could not be inspected lately. Nothing new is known about them. */
  readonly unread: ReadonlySet<ServiceKey>;
}

/** A finding counts only if two inspections in a row had the same result. */
export function accountFindings(
  pictures: Iterable<ServicePicture>,
  accounts: { of(key: ServiceKey): AccountView | undefined },
): AccountFindings {
  const findings: Finding[] = [];
  const unread = new Set<ServiceKey>();
  for (const { key, life, account } of pictures) {
    if (life !== 'live' || !account) continue;
    const seen = accounts.of(key);
    if (!seen || seen.staleSince !== null) unread.add(key);
    else if (seen.isConfirmed) findings.push(...compared(key, account, seen));
  }
  return { findings, unread };
}

function compared(
  key: ServiceKey,
  { server, active }: { readonly server: string; readonly active: boolean },
  seen: AccountView,
): Finding[] {
  const differs = findingsOf(key);
  if (!seen.exists)
    return [
      differs('account', 'missing', `an account on the server ${server}`, 'nothing', {
        hint: 'restore the account on the server, or delete the service',
      }),
    ];
  if (seen.active === null || seen.active === active) return [];
  const word = (isActive: boolean): string => (isActive ? 'active' : 'suspended');
  return [
    differs('account', 'different', word(active), word(seen.active), {
      hint: 'the account was changed outside of the agent: correct it on the server, or send the request again',
    }),
  ];
}
