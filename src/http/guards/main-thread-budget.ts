/**
 * How much of the main thread's time one token may take: what a call costs is known when it is done, so it is let in
 * while anything is left.
 */
import type { Config } from '../../config/config.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Budget } from '../server/main-thread.js';

/** So many seconds' worth may be taken at once: a comparison of all services, say. */
const BURST_S = 8;

interface Account extends Budget {
  at: number;
}

export interface Budgets {
  /** The token's, as it is now; null: it may take what it likes. */
  of(token: string): Budget | null;
  /** Why a call is not let in; undefined: it is. */
  refusal(budget: Budget): AgentError | undefined;
}

export function mainThreadBudgets(
  { rate_limit: { main_thread_ms_per_s: perS } }: Pick<Config['api'], 'rate_limit'>,
  clock: Clock,
): Budgets {
  const most = perS * BURST_S;
  const accounts = new Map<string, Account>();
  return {
    of(token) {
      if (perS === 0) return null;
      const now = clock.monotonic();
      let account = accounts.get(token);
      if (!account) accounts.set(token, (account = { left: most, at: now }));
      account.left = Math.min(most, account.left + ((now - account.at) * perS) / 1000);
      account.at = now;
      return account;
    },
    refusal({ left }) {
      if (left > 0) return undefined;
      return new AgentError(
        'rate_limited',
        "The calls with this token take too much of the agent's time; please try again in a moment.",
        { retryAfterS: Math.max(1, Math.ceil((1 - left) / perS)) },
      );
    },
  };
}
