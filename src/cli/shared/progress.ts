/** One line on standard error that shows how far a long command is; only on a terminal, and erased at its end. */
import type { Terminal } from '../../kernel/terminal.js';

export interface ProgressStream extends Terminal {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Shows a text in place of the one before. */
export type Show = (text: string) => void;

/** Drawing a line costs a system call, and more often cannot be read. */
const REDRAW_MS = 100;
const CLEAR = '\r\u001B[2K';
const COLUMNS = 80;

/** Runs the work; what it shows is gone before this resolves or rejects. */
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
    // a line that wraps could not be erased
    stream.write(CLEAR + text.replace(/\p{C}/gu, '?').slice(0, (stream.columns ?? COLUMNS) - 1));
  };
  try {
    return await work(show);
  } finally {
    if (drawnAt !== -Infinity) stream.write(CLEAR);
  }
}
