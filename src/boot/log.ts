/** The daemon's log: lines of JSON, with systemd's priorities in front where they go to its journal. */
import { fstatSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';

/** `<N>` in front of a line, as sd-daemon(3) has it, by pino's number of the level. */
const PRIORITIES: readonly (readonly [from: number, prefix: string])[] = [
  [60, '<2>'],
  [50, '<3>'],
  [40, '<4>'],
  [30, '<6>'],
  [0, '<7>'],
];

export interface LineStream {
  write(line: string): unknown;
}

export function openLog({ level, format }: Config['log'], to: LineStream, env = process.env): Logger {
  const journal = format === 'journal' || (format === 'auto' && to === process.stdout && isJournal(env));
  return pino({ level, base: null }, journal ? withPriorities(to) : to);
}

function withPriorities(to: LineStream): LineStream {
  return {
    write(line) {
      // pino puts the level first
      const number = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
      const [, prefix] = PRIORITIES.find(([from]) => number >= from) ?? [0, '<6>'];
      return to.write(prefix + line);
    },
  };
}

/** systemd names device and inode of the stream that it gave its service. */
function isJournal(env: NodeJS.ProcessEnv): boolean {
  const [, device, inode] = /^(\d+):(\d+)$/.exec(env['JOURNAL_STREAM'] ?? '') ?? [];
  if (device === undefined || inode === undefined) return false;
  try {
    const { dev, ino } = fstatSync(1);
    return String(dev) === device && String(ino) === inode;
  } catch {
    return false;
  }
}
