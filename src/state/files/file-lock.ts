/**
 * A lock on a file or folder. A child process (`flock` of util-linux, then `cat`) holds the lock. When this process
 * ends for any reason, the child's standard input is closed, the child ends, and the kernel releases the lock. Unlike
 * an abstract socket, a file lock is visible in every network namespace.
 *
 * The lock belongs to the file, not to its name. If the file were replaced, another process could lock the new file.
 * The name is therefore watched for such a replacement.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';

const CONFLICT = 75;
const WATCH_MS = 1_000;
/** Errors that prove that the file no longer exists. After any other error it may still exist. */
const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

export interface FileLock {
  /** Checks the lock now. Returns why the lock no longer protects the folder, or undefined if it still does. */
  problem(): string | undefined;
  release(): Promise<void>;
}

export interface FileLockOptions {
  /** The file to lock. It must exist, and read permission is enough. */
  readonly file: string;
  /** Seconds to wait until the present holder releases the lock. */
  readonly patienceS: number;
  /** Milliseconds between two checks of the name; default 1000. */
  readonly watchMs?: number;
  /** Called once if the lock is lost before it is released. */
  readonly onLost: (reason: string) => void;
}

/** Resolves to undefined when another process holds the lock. Throws an Error when that cannot be determined. */
export async function holdFile(options: FileLockOptions): Promise<FileLock | undefined> {
  const { file, patienceS } = options;
  // the file is kept open, so that no other file gets its inode number in the meantime
  const handle = await open(file, 'r');
  try {
    const locked = await handle.stat();
    const child = holder(file, patienceS);
    if (!(await isHeld(child, patienceS))) return undefined;
    const lock = watched(options, locked, child);
    const problem = lock.problem();
    if (problem === undefined) return lock;
    await lock.release();
    throw new Error(problem);
  } finally {
    await handle.close();
  }
}

function watched(
  { file, watchMs = WATCH_MS, onLost }: FileLockOptions,
  locked: Stats,
  child: ChildProcess,
): FileLock {
  let wanted = true;
  const problem = (): string | undefined =>
    isStill(file, locked) ? undefined : `the file ${file} was removed or replaced`;
  const lose = (reason: string): void => {
    clearInterval(timer);
    if (wanted) onLost(reason);
    wanted = false;
  };
  const timer = setInterval(() => {
    const reason = problem();
    if (reason !== undefined) lose(reason);
  }, watchMs);
  child.once('exit', (code, signal) =>
    lose(`the process that holds the folder's lock ended (${signal ?? String(code)})`),
  );
  // the timer and the child must not keep this process alive
  timer.unref();
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    if (stream instanceof Socket) stream.unref();
  let released = false;
  return {
    problem,
    release: async () => {
      if (released) return;
      released = true;
      wanted = false;
      clearInterval(timer);
      const gone = ended(child);
      child.ref();
      child.stdin?.end();
      await gone;
    },
  };
}

/**
 * Whether the name still refers to the locked file. The inode numbers can be compared, because the child holds the file
 * open and its number is therefore not reused.
 */
function isStill(file: string, locked: Stats): boolean {
  try {
    const { dev, ino } = statSync(file);
    return dev === locked.dev && ino === locked.ino;
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    return !GONE.some((one) => one === code);
  }
}

function holder(file: string, patienceS: number): ChildProcess {
  // systemd and Ctrl-C send signals to the whole process group, but the child must hold the lock until a graceful stop
  // has finished
  const script = 'trap "" HUP INT TERM; echo held; exec cat >/dev/null';
  const command = ['--no-fork', '-w', String(patienceS), '-E', String(CONFLICT), file];
  return spawn('flock', [...command, 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}

async function isHeld(child: ChildProcess, patienceS: number): Promise<boolean> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-500)));
  child.stdin?.on('error', () => undefined);
  const deadline = AbortSignal.timeout((patienceS + 10) * 1000);
  try {
    const [outcome] = await Promise.race([
      once(child, 'exit', { signal: deadline }),
      child.stdout ? once(child.stdout, 'data', { signal: deadline }) : [],
    ]);
    if (outcome instanceof Buffer) return true;
    if (outcome === CONFLICT) return false;
    throw new Error(`flock ended with ${String(outcome)}: ${said}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await once(child, 'exit');
  clearTimeout(timer);
}
