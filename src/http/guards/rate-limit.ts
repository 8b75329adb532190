/**
 * Limits the rate of requests, with one bucket per token and kind of request. Therefore, one panel or a page that
 * reloads too often cannot use up the capacity that other callers need.
 */
import type { Config } from '../../config/config.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Limit } from './access.js';

interface Rate {
  readonly perMs: number;
  readonly most: number;
}

/**
 * Returns undefined if the request is admitted, or else `rate_limited` with the number of seconds until the next
 * request is admitted.
 */
export type CountCall = (token: string, limit: Limit) => AgentError | undefined;

export function rateLimits(
  { rate_limit: limits }: Pick<Config['api'], 'rate_limit'>,
  clock: Clock,
): CountCall {
  const rates: Readonly<Record<Limit, Rate>> = {
    reads: { perMs: limits.reads_per_s / 1000, most: limits.reads_per_s * 2 },
    actions: { perMs: limits.actions_per_minute / 60_000, most: limits.actions_per_minute },
  };
  const buckets: Readonly<Record<Limit, Map<string, { left: number; at: number }>>> = {
    reads: new Map(),
    actions: new Map(),
  };
  return (token, limit) => {
    const { perMs, most } = rates[limit];
    if (most === 0) return undefined;
    const now = clock.monotonic();
    let bucket = buckets[limit].get(token);
    if (!bucket) buckets[limit].set(token, (bucket = { left: most, at: now }));
    bucket.left = Math.min(most, bucket.left + (now - bucket.at) * perMs);
    bucket.at = now;
    if (bucket.left >= 1) {
      bucket.left -= 1;
      return undefined;
    }
    return new AgentError('rate_limited', 'Too many requests; please try again in a moment.', {
      retryAfterS: Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1000)),
    });
  };
}
