/**
 * Queries nginx for the version of the rendering that it serves, because a reload command returns long before it
 * takes effect.
 */
import { request } from 'undici';
import { poll } from '../../../kernel/async/poll.js';
import type { Clock } from '../../../kernel/clock.js';

/**
 * For 100 ms after a reload, nginx's old workers still accept connections in addition to the new workers, because
 * nginx starts the new workers, sleeps, and then ends the old ones. Therefore, one response with the new version does
 * not prove that the next visitor gets the new version.
 */
const SETTLE_MS = 130;
/**
 * On a busy machine, the old workers accept connections for longer. The wait ends only after all responses during
 * this time had the new version.
 */
const CERTAIN_MS = 50;
/**
 * The delay between two reads during that time. Each read is a connection, and many new sites cause several reloads
 * per second.
 */
const SETTLING_POLL_MS = 25;
const ASK_TIMEOUT_MS = 2_000;
const QUICKEST_POLL_MS = 10;
const SLOWEST_POLL_MS = 250;
/** The delay as a share of the time that has passed. The end of a wait is detected late by at most this share. */
const POLL_SHARE = 0.15;

export type ReadVersion = () => Promise<string | undefined>;

/** Returns the version, or undefined if no server of ours responds. */
export function readVersion(port: number): ReadVersion {
  return async () => {
    try {
      // Each read uses a new connection, because an existing connection would stay with an old worker.
      const answer = await request(`http://127.0.0.1:${port}/innkeeper-version`, {
        reset: true,
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      const text = (await answer.body.text()).trim();
      return answer.statusCode === 200 && /^\d{1,16}$/.test(text) ? text : undefined;
    } catch {
      return undefined;
    }
  };
}

/**
 * Resolves to true once only this version is served, or to false if this does not happen within `patienceMs`. Rejects
 * if `stop` aborts.
 */
export async function waitForReload(
  ask: ReadVersion,
  version: string,
  clock: Clock,
  patienceMs: number,
  stop: AbortSignal,
): Promise<boolean> {
  let firstSeen: number | undefined;
  let otherSeen = Number.NEGATIVE_INFINITY;
  const pauses = (waitedMs: number): number =>
    firstSeen === undefined ? pauseAfter(waitedMs) : pauseUntil(firstSeen, clock.monotonic());
  for await (const _ of poll({ clock, signal: stop, pauses, patienceMs })) {
    const served = (await ask()) === version;
    const now = clock.monotonic();
    if (served) firstSeen ??= now;
    else otherSeen = now;
    if (firstSeen !== undefined && now - firstSeen >= SETTLE_MS && now - otherSeen >= CERTAIN_MS) return true;
  }
  return false;
}

const pauseAfter = (waitedMs: number): number =>
  Math.min(SLOWEST_POLL_MS, Math.max(QUICKEST_POLL_MS, waitedMs * POLL_SHARE));

function pauseUntil(firstSeen: number, now: number): number {
  const left = firstSeen + SETTLE_MS - now;
  return left > 0 ? Math.min(SETTLING_POLL_MS, left) : SETTLING_POLL_MS;
}
