/**
 * Leases limit the concurrent use of shared resources: container hosts, templates, zones. A lease is held during one
 * driver call and released when that has settled.
 */

import PQueue from 'p-queue';
import { inTurn } from '../../kernel/async/in-turn.js';
import { asAgentError } from '../../kernel/errors.js';

/** The leased resource, and how many calls may hold it at once. */
export interface LeaseRequest {
  readonly name: string;
  readonly limit: number;
}

export interface Leases {
  /**
   * Runs `work` while holding every lease, taken in the given order (callers keep one fixed order: template, host,
   * zone). `onWait` is called with true before and false after the wait, which must not count towards a deadline.
   * Rejects with the signal's reason when aborted while waiting.
   */
  hold<T>(
    requests: readonly LeaseRequest[],
    signal: AbortSignal,
    onWait: (waiting: boolean) => void,
    work: () => Promise<T>,
  ): Promise<T>;
}

export function leases(): Leases {
  /** One queue per host, template and zone: none is ever removed. */
  const queues = new Map<string, PQueue>();

  /** Runs `work` while holding the first lease, and within it the others. */
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
