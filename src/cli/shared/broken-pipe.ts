/**
 * Handles a reader of the output that exits early, such as `| head`. A command then ends, while the daemon continues
 * without its log. Neither of them prints a stack trace.
 */
import { EXIT } from './failure.js';

export interface Pipes {
  /** From now on, the process continues if the reader of its output exits. */
  outlive(): void;
}

export function guardPipes(): Pipes {
  let isEnd = true;
  let isTold = false;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: Error) => {
    if (isEnd) process.exit(EXIT.failed);
    if (isTold) return;
    isTold = true;
    process.stderr.write(`innkeeper: cannot write the log (${error.message}); continuing without it\n`);
  });
  return {
    outlive() {
      isEnd = false;
    },
  };
}
