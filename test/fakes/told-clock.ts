/**
 * A clock that says what a test tells it: time passes as the wall clock goes, and every jump of it is taken for time.
 */
import type { Clock } from '../../src/kernel/clock.js';

export function toldClock(now: () => number, sleep: Clock['sleep'] = async () => {}): Clock {
  return { now, monotonic: now, trusted: () => true, sleep };
}
