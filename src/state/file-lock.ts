/**
 * A lock on a file, or a folder. A child process (`flock` of util-linux, then `cat`) holds it: the kernel frees it when the child ends, and the child ends
 * as soon as our end of its standard input is closed, however we die. A file lock is seen from every network namespace; an abstract socket is not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

const CONFLICT = 75;

export interface FileLock {
  release(): Promise<void>;
}

export interface FileLockOptions {
  /** It must exist; reading it is enough. */
  readonly file: string;
  /** Seconds to wait for whoever has it. */
  readonly patienceS: number;
  /** Called once when the lock is lost before it is released. */
  readonly onLost: (reason: string) => void;
}

/** Undefined when somebody else has it. Throws Error when that cannot be told. */
export async function holdFile({ file, patienceS, onLost }: FileLockOptions): Promise<FileLock | undefined> {
  const child = holder(file, patienceS);
  if (!(await isHeld(child, patienceS))) return undefined;
  let wanted = true;
  child.once('exit', (code, signal) => {
    if (wanted) onLost(`the process that holds the folder's lock ended (${signal ?? String(code)})`);
  });
  // our life does not depend on the child: nothing of it keeps the event loop going
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    if (stream instanceof Socket) stream.unref();
  return {
    release: async () => {
      if (!wanted) return;
      wanted = false;
      const gone = ended(child);
      child.ref();
      child.stdin?.end();
      await gone;
    },
  };
}

function holder(file: string, patienceS: number): ChildProcess {
  // systemd and Ctrl-C signal the whole group: the lock must outlive a graceful stop
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
