/**
 * The process that reads a module, from outside: it gets nothing of the daemon's (no environment, no standard input),
 * and a limit for time, heap and output. It is killed together with everything it has started.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { neverAborted } from '../../kernel/async/never.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { within } from '../../kernel/async/within.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import { MOST_ANSWER } from './answer.js';
import { ANSWER_FD, PARENT_FD, REQUEST_FD } from './descriptors.js';

export interface ReadLimits {
  /** Milliseconds until the module must have been read. */
  readonly withinMs: number;
  /** MiB of heap. */
  readonly heapMb: number;
}

export interface ReaderEnd {
  /** Null when a signal ended it, or nothing could. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Its time had passed. */
  readonly isLate: boolean;
  /** What it wrote too much of. */
  readonly excess: 'output' | 'declarations' | null;
  readonly answer: string;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
}

/** Bytes that a module may write to stdout and stderr together while it is read. */
export const MOST_OUTPUT = 64 * 1024;
/** How long a killed process may take to be gone. */
const KILLED_WITHIN_MS = 3_000;
/** How long a process that outlived the group may keep the pipes open. */
const PIPES_AFTER_EXIT_MS = 1_000;

/** Rejects when the system cannot start the process. */
export async function runReader(reader: string, request: string, limits: ReadLimits): Promise<ReaderEnd> {
  const child = spawn(process.execPath, [`--max-old-space-size=${limits.heapMb}`, reader], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: {},
    cwd: '/',
  });
  const exited = exitOf(child);
  const pipes = pipesOf(child);
  // without a descriptor for them there are none, and `exited` rejects in the next turn
  if (!pipes) return exited.then(() => Promise.reject(new Error('the process has no pipes')));
  let excess: ReaderEnd['excess'] = null;
  const tooMuch = (of: 'output' | 'declarations') => (): void => {
    excess ??= of;
    killGroup(child);
  };
  const answer = collect([pipes.answer], MOST_ANSWER, tooMuch('declarations'));
  const output = collect([pipes.stdout, pipes.stderr], MOST_OUTPUT, tooMuch('output'));
  // a process that does not read its request shows in how it ends
  for (const pipe of [pipes.request, pipes.parent]) pipe.on('error', () => {});
  pipes.request.end(request);
  try {
    const { isLate, ...end } = await withinTime(child, exited, limits.withinMs);
    // what it has started goes with it
    killGroup(child);
    await within(Promise.all([answer.ended, output.ended]), PIPES_AFTER_EXIT_MS);
    return { ...end, isLate, excess, answer: answer.text(), output: output.text() };
  } finally {
    const { stdout, stderr, request: requested, answer: answered, parent } = pipes;
    for (const pipe of [stdout, stderr, requested, answered, parent]) pipe.destroy();
    child.unref();
  }
}

type Exit = Pick<ReaderEnd, 'code' | 'signal'>;

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function withinTime(
  child: ChildProcess,
  exited: Promise<Exit>,
  ms: number,
): Promise<Exit & Pick<ReaderEnd, 'isLate'>> {
  return withLimit(neverAborted(), ms, async (late) => {
    let gone: Promise<Exit | undefined> = exited;
    const killed = new Promise<undefined>((resolve) => {
      const forget = onAbort(late, () => {
        killGroup(child);
        // one that hangs in the kernel cannot be killed
        gone = within(exited, KILLED_WITHIN_MS);
        void gone.then(() => resolve(undefined));
      });
      void exited.then(forget, forget);
    });
    const end = (await Promise.race([exited, killed])) ?? { code: null, signal: null };
    return { ...end, isLate: late.aborted };
  });
}

interface Pipes {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly request: Writable;
  readonly answer: Readable;
  /** Nothing is written to it: it is open as long as this process lives. */
  readonly parent: Readable;
}

function pipesOf({ stdio = [] }: { readonly stdio?: readonly unknown[] }): Pipes | undefined {
  const [, stdout, stderr] = stdio;
  const request = stdio[REQUEST_FD];
  const answer = stdio[ANSWER_FD];
  const parent = stdio[PARENT_FD];
  const isWhole = isReadable(stdout) && isReadable(stderr) && isReadable(answer) && isReadable(parent);
  return isWhole && request instanceof Writable ? { stdout, stderr, request, answer, parent } : undefined;
}

function isReadable(stream: unknown): stream is Readable {
  return stream instanceof Readable;
}

/** All bytes of the streams, up to `most`; then `tooMuch` is called, once, and nothing more is kept. */
function collect(
  streams: readonly Readable[],
  most: number,
  tooMuch: () => void,
): { readonly ended: Promise<unknown>; text(): string } {
  const chunks: Buffer[] = [];
  let length = 0;
  for (const stream of streams) {
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      if (length > most) return;
      length += chunk.length;
      if (length > most) tooMuch();
      else chunks.push(chunk);
    });
  }
  return {
    ended: Promise.all(
      streams.map((stream) => new Promise<void>((end) => stream.once('close', () => end()))),
    ),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // all of it has ended
  }
}
