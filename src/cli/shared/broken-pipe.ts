/**
 * A reader of our output may exit early (`| head`). A command then ends; the daemon continues without its log.
 * Neither prints a stack trace.
 */
import { EXIT } from './failure.js';

export interface Pipes {
  /** From now on a reader that exits ends nothing. */
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
