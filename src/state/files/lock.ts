/** Ensures with a lock file that only one daemon uses a state folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import { type FileLock, holdFile } from './file-lock.js';
import { isRunning, readNote, removeNote, writeNote } from './lock-note.js';

/** Seconds to wait for a previous daemon that is ending. */
const PATIENCE_S = 2;
const LOOK_MS = 50;

export interface FolderLock {
  /** Checks the lock now. Returns why another daemon may already use the folder, or undefined if none can. */
  problem(): string | undefined;
  release(): Promise<void>;
}

export interface LockOptions {
  readonly dir: string;
  /** Seconds; default 2. */
  readonly patienceS?: number;
  /** Called once if the lock is lost while it is still needed, within a second of the loss. */
  readonly onLost: (reason: string) => void;
}

/** Locks the folder, which must exist. Throws AgentError `state_unavailable`, which names the holder of the lock. */
export async function lockFolder(options: LockOptions): Promise<FolderLock> {
  const { dir, onLost } = options;
  await makeFile(dir);
  let lost = false;
  const lose = (reason: string): void => {
    lost = true;
    onLost(reason);
  };
  const lock = await held({ ...options, onLost: lose });
  try {
    await formerEnded(options);
  } catch (error) {
    await lock.release();
    throw error;
  }
  await writeNote(dir);
  let wanted = true;
  return {
    problem: () => lock.problem(),
    release: async () => {
      if (!wanted) return;
      wanted = false;
      // if another daemon uses the folder now, the note belongs to that daemon and must stay
      if (!lost && lock.problem() === undefined) await removeNote(dir);
      await lock.release();
    },
  };
}

/** Creates the lock file so that other users cannot read it. A user who can open the file could lock it. */
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
  throw await taken(dir);
}

/**
 * Waits for the end of a former daemon. A daemon whose lock file was removed notices this within a second and ends, but
 * it still uses the folder until it has ended.
 */
async function formerEnded({ dir, patienceS = PATIENCE_S }: LockOptions): Promise<void> {
  const until = performance.now() + patienceS * 1000;
  for (let note = await readNote(dir); note && isRunning(note); note = await readNote(dir)) {
    if (performance.now() >= until) throw await taken(dir);
    await systemClock.sleep(LOOK_MS);
  }
}

async function taken(dir: string): Promise<AgentError> {
  const note = await readNote(dir);
  const holder = note ? `process ${note.pid}, running since ${note.startedAt}` : 'an unknown process';
  return refusal('Another Innkeeper daemon uses this state folder.', `${dir} is held by ${holder}`);
}

function refusal(message: string, detail: string, cause?: unknown): AgentError {
  return new AgentError('state_unavailable', message, {
    role: 'agent',
    retryable: false,
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}
