/** One daemon per state folder: a lock on a file in it. */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../domain/errors.js';
import { type FileLock, holdFile } from './file-lock.js';

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
  const lock = await held(options);
  const note = join(options.dir, 'lock.json');
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString();
  // only tells who has it: a full disk is no reason not to start
  const text = `${JSON.stringify({ pid: process.pid, started_at: started })}\n`;
  await writeFile(note, text, { mode: 0o600 }).catch(() => undefined);
  let wanted = true;
  return {
    release: async () => {
      if (!wanted) return;
      wanted = false;
      await unlink(note).catch(() => undefined);
      await lock.release();
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

async function held({ dir, patienceS = PATIENCE_S, onLost }: LockOptions): Promise<FileLock> {
  let lock: FileLock | undefined;
  try {
    lock = await holdFile({ file: join(dir, 'lock'), patienceS, onLost });
  } catch (error) {
    throw refusal('The state folder cannot be locked.', `${dir}: ${String(error)}`, error);
  }
  if (lock) return lock;
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
