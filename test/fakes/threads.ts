/** Threads that are none: a test says what each attempt calls and how it ends. */
import { fromRecord } from '../../src/kernel/errors.js';
import type { Json } from '../../src/kernel/json.js';
import type { Attempt, Call, Outcome, ToMain, ToWorker } from '../../src/jobs/engine/protocol.js';
import type { Thread, Threads } from '../../src/jobs/engine/threads.js';

/** What an attempt's code has. */
export interface Seat {
  readonly attempt: Attempt;
  /** Rejects with the error that the main thread answers. */
  readonly call: (call: Call) => Promise<Json>;
  readonly say: (message: ToMain) => void;
  /** Aborted when the main thread says so. */
  readonly signal: AbortSignal;
  /** Ends the thread without a word. */
  readonly die: (error?: Error) => void;
}

export interface FakeThreads extends Threads {
  readonly attempts: Attempt[];
  /** How many were told to end at once. */
  readonly terminated: () => number;
}

/** @param work resolves to the attempt's end; may throw only when no thread is to start */
export function fakeThreads(
  work: (seat: Seat) => Promise<Outcome>,
  mayStart: () => Promise<void> = async () => {},
): FakeThreads {
  const attempts: Attempt[] = [];
  let terminated = 0;
  return {
    attempts,
    terminated: () => terminated,
    async start(attempt, onMessage): Promise<Thread> {
      await mayStart();
      attempts.push(attempt);
      const waiting = new Map<number, { resolve: (value: Json) => void; reject: (error: unknown) => void }>();
      const aborter = new AbortController();
      let die = (_error?: Error): void => {};
      const gone = new Promise<Error | undefined>((resolve) => (die = resolve));
      let isGone = false;
      void gone.then(() => (isGone = true));
      let last = 0;
      const seat: Seat = {
        attempt,
        signal: aborter.signal,
        die: (error) => die(error),
        say: onMessage,
        call: (call) =>
          new Promise((resolve, reject) => {
            last += 1;
            waiting.set(last, { resolve, reject });
            onMessage({ kind: 'call', id: last, call });
          }),
      };
      void work(seat).then((outcome) => {
        if (!isGone) onMessage({ kind: 'end', outcome });
        die();
      });
      return {
        gone,
        send(message: ToWorker) {
          if (message.kind === 'abort') aborter.abort(fromRecord(message.error));
          if (message.kind === 'answer') waiting.get(message.id)?.resolve(message.value);
          if (message.kind === 'refusal') waiting.get(message.id)?.reject(fromRecord(message.error));
        },
        async terminate() {
          terminated += 1;
          die();
        },
      };
    },
    warm() {},
    async stop() {},
  };
}
