/**
 * Limits how much time of the main thread one token may use. The cost of a request is known only at its end, so a
 * request is admitted while any budget is left.
 */
import type { Config } from '../../config/config.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Budget } from '../server/main-thread.js';

/**
 * The maximum budget that a token can accumulate and use in one burst, in seconds. This is enough, for example, to
 * compare all services.
 */
const BURST_S = 8;

interface Account extends Budget {
  at: number;
}

export interface Budgets {
  /** The current budget of the token. Null if it is unlimited. */
  of(token: string): Budget | null;
  /** Returns the error if the request is refused, or undefined if it is admitted. */
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
        "Requests with this token use too much of the agent's time; please try again in a moment.",
        { retryAfterS: Math.max(1, Math.ceil((1 - left) / perS)) },
      );
    },
  };
}
