/**
 * The note next to the lock file, which names the process that uses the folder. If the lock file is removed while a
 * daemon runs, the note still names that daemon, so the next daemon can wait for its end.
 */
import { readFileSync } from 'node:fs';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface LockNote {
  readonly pid: number;
  /** RFC 3339 */
  readonly startedAt: string;
  /** Boot id and start time of the process. Unlike a pid, they are never reused. */
  readonly process: string | undefined;
}

const pathOf = (dir: string): string => join(dir, 'lock.json');

export async function writeNote(dir: string): Promise<void> {
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString();
  const note = { pid: process.pid, started_at: started, process: identityOf(process.pid) };
  // the note is only informative, so a full disk does not prevent the start
  await writeFile(pathOf(dir), `${JSON.stringify(note)}\n`, { mode: 0o600 }).catch(() => undefined);
}

export async function removeNote(dir: string): Promise<void> {
  await unlink(pathOf(dir)).catch(() => undefined);
}

/** Undefined when the note does not exist or cannot be parsed. */
export async function readNote(dir: string): Promise<LockNote | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(pathOf(dir), 'utf8'));
    if (typeof note !== 'object' || note === null || !('pid' in note) || !('started_at' in note))
      return undefined;
    const identity = 'process' in note && typeof note.process === 'string' ? note.process : undefined;
    return { pid: Number(note.pid), startedAt: String(note.started_at), process: identity };
  } catch {
    return undefined;
  }
}

/** Whether a different process wrote the note and is still running. */
export function isRunning({ pid, process: identity }: LockNote): boolean {
  return pid !== process.pid && identity !== undefined && identityOf(pid) === identity;
}

/** Undefined for a process that has ended or that this process cannot see. */
function identityOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the process name in parentheses may contain any characters
    const [state = '', ...fields] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    // field 22 of proc_pid_stat(5)
    return state === 'Z' || state === 'X' ? undefined : `${boot} ${fields[18] ?? ''}`;
  } catch {
    return undefined;
  }
}
