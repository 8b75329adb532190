/** One bree job per attempt, each in a bare worker thread of its own; this file is all that knows bree. */
import Bree from 'bree';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { within } from '../drivers/abort.js';
import type { Attempt, ToMain, ToWorker } from './protocol.js';

export interface Thread {
  send(message: ToWorker): void;
  /** Resolves when the thread is gone, with the error it died of, if any. */
  readonly gone: Promise<Error | undefined>;
  terminate(): Promise<void>;
}

export interface Threads {
  /** Starts `name` (unique: a name that is already running would be lost by bree); an urgent one before those that wait for a processor. */
  start(
    name: string,
    attempt: Attempt,
    onMessage: (message: ToMain) => void,
    urgent: boolean,
  ): Promise<Thread>;
  stop(): Promise<void>;
}

const LOADED_WITHIN_MS = 1_000;

export function breeThreads(workerPath: string): Threads {
  const deaths = new Map<string, Error>();
  // A thread takes 25 ms of a processor until its module is loaded. Ten at once would take all of them, and requests would wait. One that hangs keeps nobody
  // else from loading.
  const loading = new PQueue({ concurrency: Math.max(1, availableParallelism() - 1) });
  const bree = new Bree({
    root: false,
    doRootCheck: false,
    logger: false,
    jobs: [],
    timeout: false,
    removeCompleted: true,
    // Called twice for a thread that throws, and on "exited with code": the first is the cause.
    errorHandler: (error, data) => {
      const name = 'name' in data && typeof data.name === 'string' ? data.name : '';
      if (!deaths.has(name)) deaths.set(name, error instanceof Error ? error : new Error(String(error)));
    },
    workerMessageHandler: () => {},
  });

  const workerOf = (name: string): Worker => {
    const worker = bree.workers.get(name);
    if (!worker) throw new Error(`bree did not start ${name}`);
    return worker;
  };

  const begin = async (name: string, attempt: Attempt): Promise<Worker> => {
    // Bare: neither the daemon's environment nor its Node options reach module code.
    await bree.add({
      name,
      path: workerPath,
      timeout: false,
      worker: { workerData: { attempt }, env: {}, execArgv: [] },
    });
    await bree.run(name);
    return workerOf(name);
  };

  return {
    start: (name, attempt, onMessage, urgent) =>
      new Promise((resolve, reject) => {
        const load = async (): Promise<void> => {
          const worker = await begin(name, attempt);
          worker.on('message', onMessage);
          const gone = new Promise<Error | undefined>((ended) => {
            worker.once('exit', () => {
              // bree's own exit listener, registered first, has recorded the cause by now
              ended(deaths.get(name));
              deaths.delete(name);
            });
          });
          resolve({
            send: (message) => worker.postMessage(message),
            gone,
            async terminate() {
              await worker.terminate();
            },
          });
          const heard = once(worker, 'message').catch(() => {});
          await within(Promise.race([heard, gone]), LOADED_WITHIN_MS);
        };
        loading.add(load, { priority: urgent ? 1 : 0 }).catch(reject);
      }),
    async stop() {
      await Promise.all([...bree.workers.values()].map((worker) => worker.terminate()));
    },
  };
}
