/**
 * The log of the daemon. If the output is a terminal, the log is text; otherwise, it consists of JSON lines. In
 * systemd's journal, each line has a priority prefix.
 */
import { fstatSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';
import { showsColours } from '../kernel/terminal.js';

/** The priority prefixes `<N>` of sd-daemon(3), by pino's numeric level. */
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

export async function openLog(
  { level, format }: Config['log'],
  to: LineStream,
  env = process.env,
): Promise<Logger> {
  return pino(
    { level, base: null },
    await streamOf(format === 'auto' ? chooseFormat(to, env) : format, to, env),
  );
}

type Format = Exclude<Config['log']['format'], 'auto'>;

function chooseFormat(to: LineStream, env: NodeJS.ProcessEnv): Format {
  if (to !== process.stdout) return 'json';
  if (isJournal(env)) return 'journal';
  return process.stdout.isTTY ? 'text' : 'json';
}

async function streamOf(format: Format, to: LineStream, env: NodeJS.ProcessEnv): Promise<LineStream> {
  if (format === 'json') return to;
  if (format === 'journal') return withPriorities(to);
  const { textLines } = await import('./text-log.js');
  const textOf = textLines(to === process.stdout && showsColours(process.stdout, env));
  return { write: (line) => to.write(textOf(line)) };
}

function withPriorities(to: LineStream): LineStream {
  return {
    write(line) {
      // the level is the first field of each line that pino writes
      const number = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
      const [, prefix] = PRIORITIES.find(([from]) => number >= from) ?? [0, '<6>'];
      return to.write(prefix + line);
    },
  };
}

/**
 * Returns whether the stream goes to the journal. JOURNAL_STREAM contains the device and inode of the stream that
 * systemd passed to the service.
 */
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
