/**
 * Queries nginx for the version of the rendering that it serves. This is needed because the reload command returns
 * long before the new configuration takes effect.
 */
import { request } from 'undici';
import { poll } from '../../../kernel/async/poll.js';
import type { Clock } from '../../../kernel/clock.js';

/**
 * For 100 ms after a reload, nginx's old workers still accept connections in addition to the new workers, because
 * nginx starts the new workers, sleeps, and then ends the old ones. Therefore, a single response with the new version
 * does not prove that all further requests get the new version.
 */
const SETTLE_MS = 130;
/**
 * On a busy machine, the old workers accept connections for longer than that. The wait ends only if all responses
 * during this period have the new version.
 */
const CERTAIN_MS = 50;
/**
 * The delay between two reads during that period. It must not be too short, because each read needs a new connection,
 * and many new sites cause several reloads per second.
 */
const SETTLING_POLL_MS = 25;
const ASK_TIMEOUT_MS = 2_000;
const QUICKEST_POLL_MS = 10;
const SLOWEST_POLL_MS = 250;
/** The delay as a share of the time that has passed. The wait takes at most this share longer than necessary. */
const POLL_SHARE = 0.15;

export type ReadVersion = () => Promise<string | undefined>;

/** Returns the version, or undefined if no nginx with our configuration responds. */
export function readVersion(port: number): ReadVersion {
  return async () => {
    try {
      // Each read uses a new connection, because an old worker continues to serve its existing connections.
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
 * Resolves to true when all responses have this version, or to false if this does not happen within `patienceMs`.
 * Rejects if `stop` aborts.
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
