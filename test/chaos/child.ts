/** A child process of the harness with a message channel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { shippedModules } from '../../src/modules/loader.js';

const built = join(dirname(shippedModules()), 'test', 'chaos');

export interface Child {
  /** The next message; rejects when the process ends first. */
  hear<S extends TSchema>(schema: S): Promise<Static<S>>;
  say(message: object): void;
  /** Resolves when it has ended. */
  readonly gone: Promise<void>;
  readonly isGone: () => boolean;
  /** Whether a SIGKILL ended it. */
  readonly wasKilled: () => boolean;
  /** Resolves when it has ended. */
  kill(): Promise<void>;
}

/** `script`: name in this folder, without the extension. Its output goes to `logFile`. */
export function startChild(
  script: 'daemon' | 'environment',
  args: readonly string[],
  logFile: string,
): Child {
  const log = openSync(logFile, 'a');
  const process_: ChildProcess = spawn(process.execPath, [join(built, `${script}.js`), ...args], {
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  let isGone = false;
  const gone = once(process_, 'exit').then(() => {
    isGone = true;
  });
  const heard: unknown[] = [];
  let wake = (): void => {};
  process_.on('message', (message: unknown) => {
    heard.push(message);
    wake();
  });
  void gone.then(() => wake());
  return {
    gone,
    isGone: () => isGone,
    wasKilled: () => process_.signalCode === 'SIGKILL',
    say: (message) => {
      // a process that has just died gets no message; the code that waits for its response notices that
      process_.send(message, () => {});
    },
    async hear(schema) {
      while (heard.length === 0) {
        if (isGone) throw new Gone(script);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      const message = heard.shift();
      if (!Value.Check(schema, message)) throw new Error(`${script} said ${JSON.stringify(message)}`);
      return message;
    },
    async kill() {
      process_.kill('SIGKILL');
      await gone;
    },
  };
}

/** The process ended before it sent the expected message. */
export class Gone extends Error {
  override readonly name = 'Gone';
  constructor(script: string) {
    super(`${script} has ended`);
  }
}
