/**
 * Limits the pending calls of a module. Further calls wait on the module's side, where they do not load the main
 * thread.
 */
import { CALL_BOUNDS } from '../../modules/kit/call-bounds.js';
import { unusable } from './bounded-call.js';

export interface CallCredits {
  /** Runs `send` as soon as fewer calls are pending than the limit allows. Rejects when too many calls wait. */
  readonly spend: <T>(send: () => Promise<T>) => Promise<T>;
}

export function callCredits({
  atOnce,
  waiting,
}: { atOnce: number; waiting: number } = CALL_BOUNDS): CallCredits {
  const queue = new Set<() => void>();
  let free = atOnce;
  // all refused calls get the same error object, because the stack traces of a hundred thousand errors would fill the
  // module's heap
  const refusal = unusable(`the module made more than ${waiting} calls at the same time`);
  const giveBack = (): void => {
    const [next] = queue;
    if (next === undefined) {
      free += 1;
      return;
    }
    queue.delete(next);
    next();
  };
  return {
    async spend(send) {
      if (free > 0) free -= 1;
      else if (queue.size >= waiting) throw refusal;
      else await new Promise<void>((go) => queue.add(go));
      try {
        return await send();
      } finally {
        giveBack();
      }
    },
  };
}
