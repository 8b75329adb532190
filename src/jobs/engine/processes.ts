/**
 * Runs attempts of other authors' modules, each in a separate child process. If a heap is full, the whole process ends,
 * even if the thread has a heap limit (measured with pushed numbers, a growing Map and growing keys). Module code can
 * also end its process with `process.kill`. In a child process, both end only the attempt.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { AgentError } from '../../kernel/errors.js';
import { within } from '../../kernel/async/within.js';
import { Tail } from '../../drivers/shared/tail.js';
import { causeOfDeath } from './cause-of-death.js';
import { readFrames, writeFrame } from './frames.js';
import type { ToWorker } from './protocol.js';
import { watchMemory } from './process-memory.js';
import type { Thread, Threads } from './threads.js';

export interface ProcessOptions {
  /** Path of the compiled `process-main.js`. */
  readonly entry: string;
  /** MiB of JavaScript heap. */
  readonly heapMb: number;
  /** MiB of total memory, including buffers. */
  readonly memoryMb: number;
  /** Maximum number of characters of a message from the process. Default: longer than the longest valid call. */
  readonly longestMessage?: number;
}

/** A child process with module code. `M`: the messages that it understands. */
export interface ModuleProcess<M> {
  send(message: M): void;
  /** Resolves when the process has ended, with the error that ended it, if any. */
  readonly gone: Promise<Error | undefined>;
  terminate(): Promise<void>;
}

/** Maximum length of a message; longer than the longest valid call. */
const LONGEST_MESSAGE = 1024 ** 2;
/**
 * Maximum number of messages per second. A whole flow sends only a few dozen, and the shell around the module allows 50
 * log lines per second.
 */
const MESSAGES_PER_S = 500;
/** The end of stderr is kept, because it names the error. */
const STDERR_BYTES = 8_192;
const STDERR_AFTER_EXIT_MS = 500;

export function moduleProcesses(options: ProcessOptions): Threads {
  const alive = new Set<Thread>();
  const stopping = new AbortController();
  const hasStopped = (): boolean => stopping.signal.aborted;
  return {
    async start(attempt, onMessage) {
      if (hasStopped()) throw new AgentError('aborted', 'The agent is stopping.');
      const thread: Thread = await openProcess<ToWorker>(options, onMessage);
      alive.add(thread);
      void thread.gone.then(() => alive.delete(thread));
      if (hasStopped()) await thread.terminate();
      else thread.send({ kind: 'begin', attempt });
      return thread;
    },
    // no process is started in advance, because an idle process uses too much memory
    warm: () => undefined,
    async stop() {
      stopping.abort();
      await Promise.all([...alive].map((thread) => thread.terminate()));
    },
  };
}

export async function openProcess<M>(
  { entry, heapMb, memoryMb, longestMessage = LONGEST_MESSAGE }: ProcessOptions,
  onMessage: (message: unknown) => void,
): Promise<ModuleProcess<M>> {
  // The environment is empty, so that module code gets neither the daemon's environment nor its Node options.
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, entry], {
    // the last descriptor stays open until the daemon ends, which the child uses to notice that end
    // (`modules/discovery/parent-watch.ts`)
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ignore', 'pipe'],
    detached: true,
    env: {},
    cwd: '/',
  });
  const [, , stderr, socket, , life] = child.stdio as readonly (Readable | Duplex | null)[];
  if (!stderr || !socket || !life) throw await startError(child);
  const pipe = socket as Duplex;
  life.on('error', () => {});
  const said = new Tail(STDERR_BYTES);
  stderr.on('data', (chunk: Buffer) => said.push(chunk));
  let reason: string | undefined;
  const kill = (why?: string): void => {
    reason ??= why;
    killGroup(child);
  };
  const unwatch = watchMemory(child.pid, memoryMb, kill);
  readFrames(pipe, { onMessage, onProblem: kill }, { longest: longestMessage, perSecond: MESSAGES_PER_S });
  const gone = endOf(child).then(async ({ code, signal }) => {
    unwatch();
    // also ends the processes that the child has started
    killGroup(child);
    // the last output of the child may still be in the pipes
    await within(Promise.all([ended(stderr), ended(pipe)]), STDERR_AFTER_EXIT_MS);
    for (const stream of [pipe, stderr, life]) stream.destroy();
    return causeOfDeath({ code, signal, reason, stderr: said.text(), heapMb });
  });
  return {
    send: (message) => writeFrame(pipe, message),
    gone,
    async terminate() {
      kill();
      await gone;
    },
  };
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

function ended(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

/**
 * Resolves to the error of a process that could not be started. If no descriptor is free, Node creates no streams, and
 * emits the error in the next turn of the event loop.
 */
async function startError(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('error', resolve));
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the process has ended in the meantime
  }
}
