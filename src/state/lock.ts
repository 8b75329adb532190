/**
 * One daemon per state folder. A child process (`flock` of util-linux, then `cat`) holds a lock on a file in the folder: the kernel frees it when the
 * child ends, and the child ends as soon as our end of its standard input is closed, however we die. A file lock is seen from every network
 * namespace; an abstract socket is not.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { AgentError } from '../domain/errors.js';

const CONFLICT = 75;
/** Seconds to wait for a predecessor that is just ending. */
const PATIENCE_S = 2;

export interface FolderLock {
  release(): Promise<void>;
}

export interface LockOptions {
  readonly dir: string;
  /** Seconds; default 2. */
  readonly patienceS?: number;
  /** Called once when the lock is lost while we still need it. */
  readonly onLost: (reason: string) => void;
}

/** Throws AgentError `state_unavailable` that names the holder. The folder must exist. */
export async function lockFolder(options: LockOptions): Promise<FolderLock> {
  await makeFile(options.dir);
  const child = holder(options.dir, options.patienceS ?? PATIENCE_S);
  await held(child, options);
  let wanted = true;
  child.once('exit', (code, signal) => {
    if (wanted) options.onLost(`the process that holds the folder's lock ended (${signal ?? String(code)})`);
  });
  // the daemon's life does not depend on the child: nothing of it keeps the event loop going
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    if (stream instanceof Socket) stream.unref();
  const note = join(options.dir, 'lock.json');
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString();
  // only tells who has it: a full disk is no reason not to start
  const text = `${JSON.stringify({ pid: process.pid, started_at: started })}\n`;
  await writeFile(note, text, { mode: 0o600 }).catch(() => undefined);
  return {
    release: async () => {
      if (!wanted) return;
      wanted = false;
      await unlink(note).catch(() => undefined);
      const gone = ended(child);
      child.ref();
      child.stdin?.end();
      await gone;
    },
  };
}

/** Private: who can open the file could hold its lock. */
async function makeFile(dir: string): Promise<void> {
  try {
    await writeFile(join(dir, 'lock'), '', { flag: 'a', mode: 0o600 });
  } catch (error) {
    throw refusal('The state folder cannot be locked.', `${dir}: ${String(error)}`, error);
  }
}

function holder(dir: string, patienceS: number): ChildProcess {
  // systemd and Ctrl-C signal the whole group: the lock must outlive a graceful stop
  const script = 'trap "" HUP INT TERM; echo held; exec cat >/dev/null';
  const command = ['--no-fork', '-w', String(patienceS), '-E', String(CONFLICT), join(dir, 'lock')];
  return spawn('flock', [...command, 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}

async function held(child: ChildProcess, { dir, patienceS = PATIENCE_S }: LockOptions): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-500)));
  child.stdin?.on('error', () => undefined);
  const deadline = AbortSignal.timeout((patienceS + 10) * 1000);
  try {
    const [outcome] = await Promise.race([
      once(child, 'exit', { signal: deadline }),
      child.stdout ? once(child.stdout, 'data', { signal: deadline }) : [],
    ]);
    if (outcome instanceof Buffer) return;
    if (outcome !== CONFLICT) throw new Error(`flock ended with ${String(outcome)}: ${said}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw refusal('The state folder cannot be locked.', `${dir}: ${String(error)}`, error);
  }
  throw refusal(
    'Another Innkeeper daemon uses this state folder.',
    `${dir} is held by ${await holderOf(dir)}`,
  );
}

function refusal(message: string, detail: string, cause?: unknown): AgentError {
  return new AgentError('state_unavailable', message, {
    role: 'agent',
    retryable: false,
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}

async function holderOf(dir: string): Promise<string> {
  try {
    const note: unknown = JSON.parse(await readFile(join(dir, 'lock.json'), 'utf8'));
    if (typeof note === 'object' && note !== null && 'pid' in note && 'started_at' in note)
      return `process ${String(note.pid)}, running since ${String(note.started_at)}`;
  } catch {
    // not written yet, or gone: then we cannot tell who it is
  }
  return 'an unknown process';
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await once(child, 'exit');
  clearTimeout(timer);
}
