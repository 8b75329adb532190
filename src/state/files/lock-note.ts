/**
 * The note beside the lock: which process has the folder. It outlives a lock that was taken away, so that the next
 * daemon can wait for the last one's end.
 */
import { readFileSync } from 'node:fs';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface LockNote {
  readonly pid: number;
  /** RFC 3339 */
  readonly startedAt: string;
  /** Boot and start of the process: numbers are given again, these are not. */
  readonly process: string | undefined;
}

const pathOf = (dir: string): string => join(dir, 'lock.json');

export async function writeNote(dir: string): Promise<void> {
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString();
  const note = { pid: process.pid, started_at: started, process: identityOf(process.pid) };
  // only tells who has it: a full disk is no reason not to start
  await writeFile(pathOf(dir), `${JSON.stringify(note)}\n`, { mode: 0o600 }).catch(() => undefined);
}

export async function removeNote(dir: string): Promise<void> {
  await unlink(pathOf(dir)).catch(() => undefined);
}

/** Undefined when it is not there, or is none. */
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

/** Whether another process than ours wrote it and still runs. */
export function isRunning({ pid, process: identity }: LockNote): boolean {
  return pid !== process.pid && identity !== undefined && identityOf(pid) === identity;
}

/** Undefined for a process that has ended, or cannot be seen from here. */
function identityOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name in parentheses may hold anything
    const [state = '', ...fields] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    // field 22 of proc_pid_stat(5)
    return state === 'Z' || state === 'X' ? undefined : `${boot} ${fields[18] ?? ''}`;
  } catch {
    return undefined;
  }
}
