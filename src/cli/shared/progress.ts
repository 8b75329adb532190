/**
 * A line on standard error that shows the progress of a long command. It is shown only at a terminal, and erased when
 * the command ends.
 */
import type { Terminal } from '../../kernel/terminal.js';

export interface ProgressStream extends Terminal {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Shows a text, which replaces the previous one. */
export type Show = (text: string) => void;

/**
 * The minimum time between two updates of the line. Each update costs a system call, and users could not read faster
 * updates.
 */
const REDRAW_MS = 100;
const CLEAR = '\r\u001B[2K';
const COLUMNS = 80;

/** Runs the work. The progress line is erased before the promise resolves or rejects. */
export async function withProgress<T>(
  work: (show: Show) => Promise<T>,
  stream: ProgressStream = process.stderr,
  monotonic: () => number = () => performance.now(),
): Promise<T> {
  if (stream.isTTY !== true) return work(() => {});
  let drawnAt = -Infinity;
  const show = (text: string): void => {
    const now = monotonic();
    if (now - drawnAt < REDRAW_MS) return;
    drawnAt = now;
    // the text is shortened, because a line that wraps could not be erased
    stream.write(CLEAR + text.replace(/\p{C}/gu, '?').slice(0, (stream.columns ?? COLUMNS) - 1));
  };
  try {
    return await work(show);
  } finally {
    if (drawnAt !== -Infinity) stream.write(CLEAR);
  }
}
