/**
 * After an outcome that is not known: look until the container holds no lock, for what holds it may be our own
 * request.
 */
import { pause } from '../../../kernel/async/pause.js';
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import { text } from './schemas.js';
import { assertGoing, type Found, type Host, locate, rounds } from './host.js';
import { leftLock } from './left-lock.js';
import { hostFailed, isPve } from './pve-error.js';

const LOOKS = { firstMs: 200, factor: 2, longestMs: 2_000 };
/** A task that was just asked for may not be listed yet, and one that has just ended may still hold the lock. */
const LEFT_MS = 15_000;

/**
 * The container once it is unlocked; undefined when there is none (any more). Throws `container_host_busy` when the
 * lock outlives `patienceMs`.
 */
export async function whenUnlocked(
  host: Host,
  vmid: number,
  call: DriverCall,
  patienceMs = host.config.task_timeout_s * 1_000,
): Promise<Found | undefined> {
  const since = host.clock.monotonic();
  let lock = '';
  for await (const _ of rounds(host, call.signal, LOOKS, patienceMs)) {
    const found = await locate(host, vmid, call.signal);
    lock = text(found?.config.lock);
    if (found === undefined || lock === '') return found;
    const waitedMs = host.clock.monotonic() - since;
    if (waitedMs >= LEFT_MS && waitedMs < patienceMs && (await isLeft(host, found, call))) break;
  }
  throw new AgentError('container_host_busy', 'The container is locked by another operation.', {
    role: 'container host',
    detail: `container ${vmid} holds lock "${lock}"`,
  });
}

/** A lock that no task holds will not go by itself. One that cannot be judged now is waited for. */
async function isLeft(host: Host, found: Found, call: DriverCall): Promise<boolean> {
  const left = await leftLock(host, found, found.config, call.signal).catch(() => undefined);
  return left !== undefined;
}

/** How often a change whose outcome was unknown is sent in all, each time after its effect was looked for. */
const SENDS = 3;

/**
 * Repeats look-then-act until the look finds nothing left to do. `round` returns true when its look found that; after
 * an act it returns false, for an answer is no proof. An unknown outcome of the act leads to the next look, too, and
 * so does a container that is not where it was a moment ago. Two requests for the same thing cannot both win: Proxmox
 * refuses the second. Throws `container_host_failed` when the host goes on saying that it was done and it is not.
 */
export async function untilDone(
  host: Host,
  vmid: number,
  call: DriverCall,
  round: () => Promise<boolean>,
): Promise<void> {
  for (let sent = 1; ; sent++) {
    try {
      if (await round()) return;
      if (sent > SENDS) throw untrue(vmid);
    } catch (error) {
      // one that is missing gets a last look: it may be gone as it should
      if (isPve(error, 'missing') ? sent > SENDS : !isPve(error, 'unknown') || sent >= SENDS) throw error;
      host.seenOn.delete(vmid);
      (call.log ?? host.log).warn(
        { vmid, err: error },
        'the outcome of a change is unknown, looking at what it did',
      );
      assertGoing(call);
      await pause(host.clock, LOOKS.firstMs, call.signal);
      await whenUnlocked(host, vmid, call);
    }
  }
}

/** It said that it was done, and it is not. */
export function untrue(vmid: number): AgentError {
  return hostFailed(
    'The container host did not do what it said it had done.',
    `container ${vmid}: a change that was answered with success left no trace, ${SENDS} times`,
  );
}
