/** Limits the rate of requests by keys that callers choose, such as a route and a token. */
import { LRUCache } from 'lru-cache';
import { AgentError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/clock.js';

/** Returns undefined if the request is admitted, or else `rate_limited`. */
export type CountRequest = (key: string, perMinute: number) => AgentError | undefined;

/** Buckets that are kept. A forgotten one is full again. */
const MOST_KEYS = 10_000;
const MINUTE_MS = 60_000;

/** A bucket holds the requests of one minute. */
export function requestRates(clock: Pick<Clock, 'monotonic'>): CountRequest {
  const buckets = new LRUCache<string, { left: number; at: number }>({ max: MOST_KEYS });
  return (key, perMinute) => {
    const now = clock.monotonic();
    const perMs = perMinute / MINUTE_MS;
    const before = buckets.get(key) ?? { left: perMinute, at: now };
    const left = Math.min(perMinute, before.left + (now - before.at) * perMs);
    const isAdmitted = left >= 1;
    buckets.set(key, { left: isAdmitted ? left - 1 : left, at: now });
    if (isAdmitted) return undefined;
    return new AgentError('rate_limited', 'Too many requests; please try again in a moment.', {
      retryAfterS: Math.max(1, Math.ceil((1 - left) / perMs / 1000)),
    });
  };
}
