/**
 * Runs one argv as a child in its own process group; never a shell. Ends with the child gone, unless the system does
 * not let us end it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { within } from '../../kernel/async/within.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { Tail } from './tail.js';

export interface ChildEnd {
  /** Null if a signal ended it. */
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
   * Called once when the signal aborts, before the group is killed, so that the caller can end the work in a better
   * way.
   */
  readonly beforeKill?: () => Promise<void>;
  readonly onStdout?: (chunk: Buffer) => void;
  /** Milliseconds within which a killed child must be gone. */
  readonly killedWithinMs?: number;
}

/** How long a child that is left behind with open pipes (a daemonised grandchild) is waited for. */
const PIPES_AFTER_EXIT_MS = 1_000;
/** How long a child may take to notice that `beforeKill` ended its work. */
const OWN_END_MS = 1_000;

/** How long a child that cannot be killed (it runs as another user, or hangs in the kernel) is waited for. */
const KILLED_WITHIN_MS = 3_000;

/**
 * Rejects with the system's error if the program cannot be started. An abort kills the group and resolves soon in any
 * case, with the output so far.
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
  child.stdin.on('error', () => {}); // a child that does not read its input shows this in its exit code
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
 * Without file descriptors node creates no streams, whatever its types say, and reports the reason in its next turn.
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
 * The minimal environment: the daemon's own may contain secrets (`{env: NAME}`), and no more than this is needed to
 * find and run a program.
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
    // it ended in between
  }
}
