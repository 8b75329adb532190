/**
 * Starts, limits and ends the process that reads a module. The process gets nothing from the daemon (no environment, no
 * standard input), and its time, heap and output are limited. At the end, the process and all processes that it has
 * started are killed.
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
  /** Milliseconds within which the module must have been read. */
  readonly withinMs: number;
  /** MiB of heap. */
  readonly heapMb: number;
}

export interface ReaderEnd {
  /** The exit code. Null when a signal ended the process, or when the process could not be ended. */
  readonly code: number | null;
  readonly signal: string | null;
  /** True if the process exceeded its time limit. */
  readonly isLate: boolean;
  /** The kind of data of which the process wrote too much; null if it stayed within the limits. */
  readonly excess: 'output' | 'declarations' | null;
  readonly answer: string;
  /** The text that the process wrote to stdout and stderr. */
  readonly output: string;
}

/** Maximum number of bytes that a module may write to stdout and stderr together while it is read. */
export const MOST_OUTPUT = 64 * 1024;
/** Time to wait for the end of a killed process. */
const KILLED_WITHIN_MS = 3_000;
/**
 * Time to wait until the pipes are closed after the process has ended. A descendant that has left the process group can
 * keep them open.
 */
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
  // if no file descriptor is free, there are no pipes, and `exited` rejects in the next turn of the event loop
  if (!pipes) return exited.then(() => Promise.reject(new Error('the process has no pipes')));
  let excess: ReaderEnd['excess'] = null;
  const tooMuch = (of: 'output' | 'declarations') => (): void => {
    excess ??= of;
    killGroup(child);
  };
  const answer = collect([pipes.answer], MOST_ANSWER, tooMuch('declarations'));
  const output = collect([pipes.stdout, pipes.stderr], MOST_OUTPUT, tooMuch('output'));
  // a write error is ignored here, because the way in which the process ends shows that it did not read its request
  for (const pipe of [pipes.request, pipes.parent]) pipe.on('error', () => {});
  pipes.request.end(request);
  try {
    const { isLate, ...end } = await withinTime(child, exited, limits.withinMs);
    // also ends the processes that the process has started
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
        // a process that hangs in the kernel cannot be killed, so the wait is limited
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
  /**
   * Nothing is written to this pipe. It stays open as long as this process lives, which the child uses to notice its
   * end.
   */
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

/**
 * Collects the bytes of the streams, up to `most`. If there are more, `tooMuch` is called once, and no further bytes
 * are kept.
 */
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
    // all processes of the group have already ended
  }
}
