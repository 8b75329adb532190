/**
 * If the outcome of a request is unknown, checks whether the request took effect. First waits until the container is
 * unlocked, because the request itself may still be running and hold the lock.
 */
import { pause } from '../../../kernel/async/pause.js';
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import { text } from './schemas.js';
import { assertGoing, type Found, type Host, locate, rounds } from './host.js';
import { leftLock } from './left-lock.js';
import { hostFailed, isPve } from './pve-error.js';

const LOOKS = { firstMs: 200, factor: 2, longestMs: 2_000 };
/**
 * A lock is treated as left behind if no task has held it for this long. The wait is needed because a task that was
 * just requested may not be listed yet, and a task that has just ended may still hold the lock.
 */
const LEFT_MS = 15_000;

/**
 * Returns the container once it is unlocked, or undefined if it does not exist (any more). Throws
 * `container_host_busy` if the lock is held longer than `patienceMs`.
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

/**
 * Throws if no task holds the lock, because such a lock is never released. Does not throw if the tasks cannot be read
 * now; the driver then continues to wait.
 */
async function isLeft(host: Host, found: Found, call: DriverCall): Promise<boolean> {
  const left = await leftLock(host, found, found.config, call.signal).catch(() => undefined);
  return left !== undefined;
}

/**
 * The maximum number of times that a change with an unknown outcome is sent. Its effect is checked after each
 * attempt.
 */
const SENDS = 3;

/**
 * Repeats a check and an action until the check finds nothing left to do. `round` returns true if the check found
 * nothing to do. After an action it returns false, because a response does not prove that the action took effect. If
 * `round` fails because the outcome of the action is unknown, or because the container has moved, another round
 * follows. It is safe to repeat a request, because Proxmox refuses the second of two equal requests. Throws
 * `container_host_failed` if the host keeps reporting success without an effect.
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
      // if the container is missing, check once more, because the action may have been to remove it
      if (isPve(error, 'missing') ? sent > SENDS : !isPve(error, 'unknown') || sent >= SENDS) throw error;
      host.seenOn.delete(vmid);
      (call.log ?? host.log).warn(
        { vmid, err: error },
        'the result of a change is unknown; the agent checks whether the change took effect',
      );
      assertGoing(call);
      await pause(host.clock, LOOKS.firstMs, call.signal);
      await whenUnlocked(host, vmid, call);
    }
  }
}

/** The error if the host reported success, but has changed nothing. */
export function untrue(vmid: number): AgentError {
  return hostFailed(
    'The container host reported success, but nothing changed.',
    `container ${vmid}: a change was reported as done ${SENDS} times, but had no effect`,
  );
}
