/**
 * Runs a command as a child process in a separate process group, never through a shell. When the call ends, the child
 * has ended as well, unless the system prevents the agent from killing it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { within } from '../../kernel/async/within.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { Tail } from './tail.js';

export interface ChildEnd {
  /** The exit code. Null if a signal ended the child. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

export interface ChildOptions {
  readonly stdin?: string;
  /** How many of the last bytes of stdout and of stderr are kept. */
  readonly maxOutputBytes: number;
  /**
   * Called once when the signal aborts, before the process group is killed. The caller can use it to end the work
   * gracefully.
   */
  readonly beforeKill?: () => Promise<void>;
  readonly onStdout?: (chunk: Buffer) => void;
  /** The number of milliseconds within which a killed child must be gone. */
  readonly killedWithinMs?: number;
}

/**
 * How long to wait for a process that keeps the pipes open after the child has ended, such as a daemonised
 * grandchild.
 */
const PIPES_AFTER_EXIT_MS = 1_000;
/** How long the agent waits for a child to exit after `beforeKill` has ended the child's work. */
const OWN_END_MS = 1_000;

/** How long to wait for a child that cannot be killed because it runs as another user or hangs in the kernel. */
const KILLED_WITHIN_MS = 3_000;

/**
 * Runs the command. Rejects with the system's error if the program cannot be started. An abort kills the process
 * group. In any case, the promise then resolves soon, with the output that has arrived by then.
 */
export async function runChild(
  argv: readonly string[],
  options: ChildOptions,
  signal: AbortSignal,
): Promise<ChildEnd> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: bareEnvironment(),
  });
  if (!hasStreams(child)) throw await startError(child);
  const stdout = new Tail(options.maxOutputBytes);
  const stderr = new Tail(options.maxOutputBytes);
  child.stdout.on('data', (chunk: Buffer) => {
    options.onStdout?.(chunk);
    stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {}); // ignored: the exit code shows whether the child failed
  let giveUp = (): void => {};
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, by) => resolve({ code, signal: by }));
    giveUp = () => resolve({ code: null, signal: null });
  });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const end = async (): Promise<void> => {
    if (options.beforeKill) {
      await options.beforeKill().catch(() => undefined);
      await within(exited, OWN_END_MS);
    }
    if (child.exitCode !== null || child.signalCode !== null) return;
    killGroup(child.pid);
    await within(exited, options.killedWithinMs ?? KILLED_WITHIN_MS);
    giveUp();
  };
  const forget = onAbort(signal, () => void end());
  child.stdin.end(options.stdin ?? '');
  try {
    const how = await exited;
    await within(closed, PIPES_AFTER_EXIT_MS);
    return {
      ...how,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.truncated || stderr.truncated,
    };
  } finally {
    forget();
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

/**
 * If no file descriptor is free, Node creates no streams, although the types claim that the streams exist. Node
 * reports the error in the next turn of the event loop.
 */
function hasStreams({
  stdin,
  stdout,
  stderr,
}: Partial<Pick<ChildProcess, 'stdin' | 'stdout' | 'stderr'>>): boolean {
  return Boolean(stdin && stdout && stderr);
}

async function startError(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('error', resolve));
}

/**
 * The environment of a child process. It contains only what is needed to find and run a program, because the
 * environment of the daemon may contain secrets (`{env: NAME}`).
 */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME, TZ } = process.env;
  return {
    PATH,
    LANG: 'C.UTF-8',
    ...(HOME === undefined ? {} : { HOME }),
    ...(TZ === undefined ? {} : { TZ }),
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the process ended in between
  }
}
