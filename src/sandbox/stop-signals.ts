/** Stops a sandbox gracefully after Ctrl-C, SIGTERM or an uncaught error. A second signal stops it at once. */

/** The reason for a stop that was caused by an error and not by a signal. */
export class Defect extends Error {}

export interface StopSignals {
  /** Is aborted at the first signal of the system, or by a `Defect`. */
  readonly stopped: AbortSignal;
  /** Stops the sandbox because of this error. */
  readonly fail: (error: Error) => void;
  /** Stops the sandbox gracefully when this stream ends. The stream must have no other reader. */
  stopAtEndOf(input: NodeJS.ReadStream): void;
  /** Restores the system's default handling of the signals. */
  release(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * @param onForce is called at the second signal, just before the process ends; must be synchronous
 * @param onDefect receives the stack of an uncaught error
 */
export function catchSignals(onForce: () => void, onDefect: (stack: string) => void): StopSignals {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const listeners = names.map((name) => {
    const listener = (): void => {
      if (controller.signal.aborted) {
        onForce();
        process.exit(EXIT_CODES[name]);
      }
      controller.abort(new Error('the sandbox was stopped'));
    };
    process.on(name, listener);
    return { name, listener };
  });
  const fail = (error: Error): void => controller.abort(new Defect(error.message, { cause: error }));
  const onUncaught = (thrown: unknown): void => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    onDefect(error.stack ?? error.message);
    fail(error);
  };
  process.on('uncaughtException', onUncaught);
  const release: (() => void)[] = [];
  return {
    stopped: controller.signal,
    fail,
    stopAtEndOf(input) {
      const stop = (): void =>
        controller.abort(new Error('the sandbox was stopped: its standard input ended'));
      input.once('end', stop).once('error', stop).once('close', stop).resume();
      release.push(() => void input.off('end', stop).off('error', stop).off('close', stop).pause().unref());
    },
    release() {
      for (const one of release) one();
      for (const { name, listener } of listeners) process.off(name, listener);
      process.off('uncaughtException', onUncaught);
    },
  };
}
