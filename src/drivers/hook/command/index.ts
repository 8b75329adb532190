/**
 * A hook that runs a command of the operator. The command gets the message as JSON on its standard input. If it exits
 * with code 0, the message is delivered.
 */
import { runChild } from '../../shared/child.js';
import type { Hook } from '../contract.js';

const KEPT_OUTPUT_BYTES = 2_048;

export function commandHook(name: string, argv: readonly string[]): Hook {
  return {
    name,
    async notify({ body }, signal) {
      const stdin = `${JSON.stringify(body)}\n`;
      const end = await runChild(argv, { stdin, maxOutputBytes: KEPT_OUTPUT_BYTES }, signal);
      if (end.code === 0) return;
      const how = end.code === null ? `signal ${end.signal ?? '?'}` : `exit code ${end.code}`;
      throw new Error(`the command ended with ${how}: ${end.stderr.trim() || end.stdout.trim()}`);
    },
  };
}
