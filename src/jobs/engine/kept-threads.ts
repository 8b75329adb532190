/**
 * Runs up to a hundred attempts one after the other in the same thread or process, for jobs that take less time than
 * the start of a process. An attempt gets only a thread that has loaded the same code. A thread is used again only if
 * its last attempt has ended by itself.
 */
import type { Attempt, ToWorker } from './protocol.js';
import type { Thread, Threads } from './threads.js';

export interface KeptThreadsOptions {
  /** Attempts of one thread. */
  readonly most?: number;
  /** Time in ms for which a thread waits for another attempt. */
  readonly idleMs?: number;
}

/** The code of a module may leave memory behind, so a thread does not live forever. */
const MOST = 100;
/** The next task of a lane usually begins within a few milliseconds. An idle process uses about 40 MB. */
const IDLE_MS = 500;

export function keptThreads(
  pool: Threads,
  { most = MOST, idleMs = IDLE_MS }: KeptThreadsOptions = {},
): Threads {
  const idle = new Map<string, Kept[]>();
  const keep = (kept: Kept, code: string): void => {
    const others = idle.get(code) ?? [];
    idle.set(code, [...others, kept]);
    const timer = setTimeout(() => kept.close(), idleMs);
    timer.unref();
    kept.onLeave = () => {
      clearTimeout(timer);
      const rest = (idle.get(code) ?? []).filter((one) => one !== kept);
      if (rest.length > 0) idle.set(code, rest);
      else idle.delete(code);
    };
  };
  return {
    ...pool,
    async start(attempt, onMessage, urgent) {
      const code = attempt.modulePath ?? '';
      const kept = idle.get(code)?.at(-1) ?? new Kept(most, (one) => keep(one, code));
      return kept.run(pool, { ...attempt, keep: true }, onMessage, urgent);
    },
  };
}

interface Run {
  readonly onMessage: (message: unknown) => void;
  readonly end: (death: Error | undefined) => void;
  /** The attempt was aborted or terminated, so its code may still be running. */
  isAborted: boolean;
}

class Kept {
  readonly #most: number;
  readonly #free: (kept: Kept) => void;
  #thread: Thread | undefined;
  #run: Run | undefined;
  #count = 0;
  #isOver = false;
  /** Called when the thread is no longer idle. */
  onLeave: () => void = () => {};

  constructor(most: number, free: (kept: Kept) => void) {
    this.#most = most;
    this.#free = free;
  }

  async run(
    pool: Threads,
    attempt: Attempt,
    onMessage: (message: unknown) => void,
    urgent: boolean,
  ): Promise<Thread> {
    this.#leave();
    this.#count += 1;
    let end: Run['end'] = () => {};
    const gone = new Promise<Error | undefined>((resolve) => {
      end = resolve;
    });
    const run: Run = { onMessage, end, isAborted: false };
    this.#run = run;
    if (this.#thread) this.#thread.send({ kind: 'begin', attempt });
    else await this.#open(pool, attempt, urgent);
    const thread = this.#thread;
    return {
      gone,
      send: (message: ToWorker) => {
        if (message.kind === 'abort') run.isAborted = true;
        if (this.#run === run) thread?.send(message);
      },
      terminate: async () => {
        run.isAborted = true;
        if (this.#run === run) await thread?.terminate();
      },
    };
  }

  close(): void {
    this.#isOver = true;
    this.#leave();
    void this.#thread?.terminate();
  }

  async #open(pool: Threads, attempt: Attempt, urgent: boolean): Promise<void> {
    const thread = await pool.start(attempt, (message) => this.#heard(message), urgent);
    this.#thread = thread;
    void thread.gone.then((death) => {
      this.#isOver = true;
      this.#leave();
      this.#run?.end(death);
    });
    // the attempt has already ended if its last message arrived before the thread was known
    if (this.#run === undefined) this.#rest();
  }

  #heard(message: unknown): void {
    const run = this.#run;
    run?.onMessage(message);
    if (!run || !isEnd(message)) return;
    this.#run = undefined;
    run.end(undefined);
    if (run.isAborted) this.#isOver = true;
    if (this.#thread) this.#rest();
  }

  #rest(): void {
    if (this.#isOver || this.#count >= this.#most) this.close();
    else this.#free(this);
  }

  #leave(): void {
    this.onLeave();
    this.onLeave = () => {};
  }
}

function isEnd(message: unknown): boolean {
  return typeof message === 'object' && message !== null && Reflect.get(message, 'kind') === 'end';
}
