/**
 * Runs each attempt as a bree job in a separate worker thread. Only this file uses bree. One spare thread is always
 * kept ready with its code loaded, so that the next attempt can begin at once.
 */
import Bree from 'bree';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { AgentError } from '../../kernel/errors.js';
import { within } from '../../kernel/async/within.js';
import type { Attempt, ToWorker } from './protocol.js';

export interface Thread {
  send(message: ToWorker): void;
  /** Resolves when the thread has ended, with the error that ended it, if any. */
  readonly gone: Promise<Error | undefined>;
  terminate(): Promise<void>;
}

export interface Threads {
  /**
   * Runs the attempt in an unused thread. An urgent attempt gets a thread before other attempts that already wait for
   * one.
   */
  start(attempt: Attempt, onMessage: (message: unknown) => void, urgent: boolean): Promise<Thread>;
  /** Starts a thread in advance, so that it is ready for the first attempt. */
  warm(): void;
  stop(): Promise<void>;
}

interface Loaded {
  readonly worker: Worker;
  readonly gone: Promise<Error | undefined>;
}

interface Waiting {
  readonly urgent: boolean;
  readonly give: (thread: Loaded) => void;
  readonly fail: (error: unknown) => void;
}

const SPARE = 1;
const stopping = (): AgentError => new AgentError('aborted', 'The agent is stopping.');
const LOADED_WITHIN_MS = 1_000;

/** `heapMb`: maximum JavaScript heap of each thread in MiB; default: the daemon's limit. */
export function breeThreads(workerPath: string, heapMb?: number): Threads {
  const deaths = new Map<string, Error>();
  // Starting a thread takes 25 ms of CPU time. If ten threads were started at once, they would use all processors, and
  // requests would wait. A thread that hangs during its start does not prevent other threads from starting.
  const loading = new PQueue({ concurrency: Math.max(1, availableParallelism() - 1) });
  const waiting: Waiting[] = [];
  const spare = new Set<Loaded>();
  let coming = 0;
  let count = 0;
  let stopped = false;
  const bree = new Bree({
    root: false,
    doRootCheck: false,
    logger: false,
    jobs: [],
    timeout: false,
    removeCompleted: true,
    // Bree calls this twice for a thread that throws, the second time with "exited with code". The first error is the
    // cause.
    errorHandler: (error, data) => {
      const name = 'name' in data && typeof data.name === 'string' ? data.name : '';
      if (!deaths.has(name)) deaths.set(name, error instanceof Error ? error : new Error(String(error)));
    },
    workerMessageHandler: () => {},
  });

  const load = async (): Promise<Loaded> => {
    count += 1;
    // the name must be unique, because bree ignores a job whose name is already in use
    const name = `attempt-${count}`;
    // Module code gets neither the daemon's environment nor its Node options.
    const limits = heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } };
    await bree.add({ name, path: workerPath, timeout: false, worker: { env: {}, execArgv: [], ...limits } });
    if (stopped) throw stopping();
    await bree.run(name);
    const worker = bree.workers.get(name);
    if (!worker) throw new Error(`the thread ${name} did not start`);
    const gone = new Promise<Error | undefined>((ended) => {
      worker.once('exit', () => {
        // bree's own exit listener was registered earlier and has already recorded the cause
        ended(deaths.get(name));
        deaths.delete(name);
      });
    });
    const heard = once(worker, 'message').catch(() => {});
    await within(Promise.race([heard, gone]), LOADED_WITHIN_MS);
    return { worker, gone };
  };

  /**
   * Assigns an idle thread to each waiting attempt, in the order in which the attempts wait. If no attempt waits, one
   * thread is kept as a spare for the next attempt.
   */
  const handOut = (): void => {
    for (const thread of spare) {
      const next = waiting.find(({ urgent }) => urgent) ?? waiting[0];
      if (!next) return;
      waiting.splice(waiting.indexOf(next), 1);
      spare.delete(thread);
      thread.worker.ref();
      next.give(thread);
    }
  };

  const fill = (): void => {
    while (!stopped && coming + spare.size < waiting.length + SPARE) {
      coming += 1;
      loading
        .add(load)
        .then(
          (thread) => {
            if (stopped) {
              void thread.worker.terminate();
              return;
            }
            spare.add(thread);
            // a thread without work must not keep the process alive
            thread.worker.unref();
            void thread.gone.then(() => spare.delete(thread));
          },
          // if no attempt waits, the error is ignored, because the next attempt starts a thread again
          (error: unknown) => waiting.shift()?.fail(error),
        )
        .finally(() => {
          coming -= 1;
          handOut();
        });
    }
  };

  return {
    async start(attempt, onMessage, urgent) {
      if (stopped) throw stopping();
      const { worker, gone } = await new Promise<Loaded>((give, fail) => {
        waiting.push({ urgent, give, fail });
        handOut();
        fill();
      });
      worker.on('message', onMessage);
      const send = (message: ToWorker): void => worker.postMessage(message);
      send({ kind: 'begin', attempt });
      return {
        send,
        gone,
        async terminate() {
          await worker.terminate();
        },
      };
    },
    warm: fill,
    async stop() {
      stopped = true;
      loading.clear();
      for (const { fail } of waiting.splice(0)) fail(stopping());
      await Promise.all([...bree.workers.values()].map((worker) => worker.terminate()));
    },
  };
}
