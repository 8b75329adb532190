/** Shared things that only so many may use at once: container hosts, templates, zones. A lease is held around one driver call and freed when it settled. */

import { asAgentError } from '../../kernel/errors.js';

/** What is leased, and how many may hold it at once. */
export interface Wish {
  readonly name: string;
  readonly limit: number;
}

interface Queue {
  held: number;
  readonly waiting: { start: () => void }[];
}

export interface Leases {
  /**
   * Runs `work` while holding every wish, taken in the given order (callers keep one fixed order: template, host, zone). `onWait` brackets the waiting, so that
   * it is not counted into a deadline. Rejects with the signal's reason when aborted while waiting.
   */
  hold<T>(
    wishes: readonly Wish[],
    signal: AbortSignal,
    onWait: (waiting: boolean) => void,
    work: () => Promise<T>,
  ): Promise<T>;
}

export function leases(): Leases {
  const queues = new Map<string, Queue>();

  const take = async ({ name, limit }: Wish, signal: AbortSignal): Promise<() => void> => {
    signal.throwIfAborted();
    const queue = queues.get(name) ?? { held: 0, waiting: [] };
    queues.set(name, queue);
    if (queue.held >= limit) {
      await new Promise<void>((resolve, reject) => {
        const entry = { start: resolve };
        queue.waiting.push(entry);
        signal.addEventListener(
          'abort',
          () => {
            const at = queue.waiting.indexOf(entry);
            if (at < 0) return;
            queue.waiting.splice(at, 1);
            reject(asAgentError(signal.reason, 'aborted'));
          },
          { once: true },
        );
      });
    } else {
      queue.held += 1;
    }
    return () => {
      const next = queue.waiting.shift();
      if (next) next.start();
      else if (--queue.held === 0) queues.delete(name);
    };
  };

  return {
    async hold(wishes, signal, onWait, work) {
      const free: (() => void)[] = [];
      try {
        onWait(true);
        try {
          for (const wish of wishes) free.push(await take(wish, signal));
        } finally {
          onWait(false);
        }
        return await work();
      } finally {
        for (const release of free.reverse()) release();
      }
    },
  };
}
