/**
 * Who reads what we print may go away before its end (`| head`): a command ends then, the daemon goes on without its
 * log. Neither shows a stack.
 */
import { EXIT } from './failure.js';

export interface Pipes {
  /** From now on a reader that goes away ends nothing. */
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
    process.stderr.write(`innkeeper: the log cannot be written (${error.message}); going on without it\n`);
  });
  return {
    outlive() {
      isEnd = false;
    },
  };
}
