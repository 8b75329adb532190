/** Identifies a process by its ID and its start time, because the system may reuse the ID for another process. */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** The start time in clock ticks since boot, which is field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
}

export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = readStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isAlive(process: ProcessIdentity): boolean {
  return readStartTime(process.pid) === process.startTime;
}

/** Sends the signal if the ID still belongs to that process. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  if (target.pid <= 1 || !isAlive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch {
    // The process has ended since the check.
  }
}

function readStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may contain spaces and brackets, so the fields are counted from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
