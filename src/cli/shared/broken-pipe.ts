/**
 * Handles the case that the process that reads the output exits early, such as `head` in `| head`. A command then
 * ends. The daemon continues without its log. In neither case is a stack trace printed.
 */
import { EXIT } from './failure.js';

export interface Pipes {
  /** From this call on, the process continues if the reader of its output exits. */
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
