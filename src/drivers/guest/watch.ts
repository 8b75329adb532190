/**
 * The shared view of the cluster, which is polled every `poll_s` seconds. All parts of the program read this view
 * without waiting, except the allocation of resources, which waits for a new poll.
 */
import type { BaseLogger } from 'pino';
import { pause } from '../../kernel/async/pause.js';
import { orAbort } from '../../kernel/async/race.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import { plainCall } from '../shared/call.js';
import type { ClusterView, ClusterWatch, GuestDriver, GuestView } from './contract.js';
import { withLastKnown } from './last-known.js';

export interface WatchOptions {
  readonly driver: Pick<GuestDriver, 'look' | 'usedAddresses'>;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly log: Pick<BaseLogger, 'info' | 'warn'>;
}

/** Starts polling at once. The polls do not keep the process alive. */
export function watchCluster({ driver, clock, pollMs, log }: WatchOptions): ClusterWatch {
  const closed = new AbortController();
  let view: ClusterView | undefined;
  /** The guests of the view, by VMID. */
  let guests: ReadonlyMap<number, GuestView> = new Map();
  /** When the view was read, as a time of the monotonic clock. */
  let viewedAt = Number.NEGATIVE_INFINITY;
  let used: ReadonlySet<string> = new Set();
  let stale: number | undefined;
  let flight: Promise<ClusterView> | undefined;

  const lookNow = async (): Promise<ClusterView> => {
    const call = plainCall(closed.signal);
    const askedAt = clock.monotonic();
    try {
      const next = await driver.look(call);
      used = await driver.usedAddresses(call);
      view = withLastKnown(next, view);
      guests = new Map(view.guests.map((guest) => [guest.vmid, guest]));
      viewedAt = askedAt;
      if (stale !== undefined)
        log.info({ stale_ms: clock.now() - stale }, 'the container host responds again');
      stale = undefined;
      return view;
    } catch (error) {
      if (!closed.signal.aborted && stale === undefined) {
        stale = clock.now();
        log.warn(
          { err: error },
          'the container host could not be polled; the agent continues to use the result of the last poll',
        );
      }
      throw error;
    }
  };

  /** Polls the cluster. Only one poll runs at a time, and concurrent callers share it. */
  const shared = (): Promise<ClusterView> => {
    flight ??= lookNow().finally(() => (flight = undefined));
    return flight;
  };

  const poll = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      await shared().catch(() => {});
      await pause(clock, pollMs, closed.signal, true);
    }
  };
  void poll();

  return {
    latest: () => view,
    guest: (vmid) => guests.get(vmid),
    usedAddresses: () => used,
    staleSince: () => stale,
    async fresh(maxAgeMs, signal) {
      if (view !== undefined && clock.monotonic() - viewedAt <= maxAgeMs) return view;
      return orAbort(shared(), signal, stopped);
    },
    close: () => closed.abort(new AgentError('shutting_down', 'The agent is stopping.')),
  };
}

/** The error for a caller that stops waiting for the shared poll. The other callers continue to wait. */
function stopped({ reason }: AbortSignal): AgentError {
  return new AgentError('aborted', 'The operation was stopped before it ended.', { cause: reason });
}
