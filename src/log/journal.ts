/** Priorities for the journal: systemd reads `<N>` at the beginning of a line as its syslog level. */
import { fstatSync } from 'node:fs';
import type { LoggerOptions } from 'pino';

/** True when this output is connected to the journal, as systemd says in `JOURNAL_STREAM` (device:inode). */
export function isJournal(env: NodeJS.ProcessEnv, fd: number): boolean {
  const named = env['JOURNAL_STREAM'];
  if (named === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

export const journalPriorities: NonNullable<LoggerOptions['hooks']> = {
  streamWrite: (line) => `<${priorityOf(line)}>${line}`,
};

/** From pino's levels (30 = info), which stand first in every line. */
function priorityOf(line: string): number {
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
  if (level >= 60) return 2;
  if (level >= 50) return 3;
  if (level >= 40) return 4;
  return level >= 30 ? 6 : 7;
}
