/**
 * Leases limit the concurrent use of shared resources: container hosts, templates, zones. A lease is held during one
 * driver call and released when the call has settled.
 */

import PQueue from 'p-queue';
import { inTurn } from '../../kernel/async/in-turn.js';
import { asAgentError } from '../../kernel/errors.js';

/** The resource to lease, and the maximum number of calls that may hold a lease of it at once. */
export interface LeaseRequest {
  readonly name: string;
  readonly limit: number;
}

export interface Leases {
  /**
   * Runs `work` while it holds all leases. The leases are acquired in the given order, and all callers use the same
   * fixed order: template, host, zone. `onWait` is called with true before the wait and with false after it, so that
   * the caller can exclude the wait from a time limit. If the signal aborts during the wait, rejects with the signal's
   * reason.
   */
  hold<T>(
    requests: readonly LeaseRequest[],
    signal: AbortSignal,
    onWait: (waiting: boolean) => void,
    work: () => Promise<T>,
  ): Promise<T>;
}

export function leases(): Leases {
  /** One queue per host, template and zone. Queues are never removed. */
  const queues = new Map<string, PQueue>();

  /** Acquires the first lease, then, while it holds that lease, the other leases, and then runs `work`. */
  const holding = async <T>(
    [request, ...others]: readonly LeaseRequest[],
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> => {
    if (request === undefined) return work();
    const { name, limit } = request;
    const queue = queues.get(name) ?? new PQueue({ concurrency: limit });
    queues.set(name, queue);
    return inTurn(
      (next) => queue.add(next),
      signal,
      () => asAgentError(signal.reason, 'aborted'),
      () => holding(others, signal, work),
    );
  };

  return {
    async hold(requestedOnes, signal, onWait, work) {
      let waits = true;
      const begin = (): void => {
        if (waits) onWait(false);
        waits = false;
      };
      onWait(true);
      try {
        return await holding(requestedOnes, signal, () => {
          begin();
          return work();
        });
      } finally {
        begin();
      }
    },
  };
}
