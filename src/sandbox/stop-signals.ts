/** Stops a sandbox gracefully after Ctrl-C, SIGTERM or an uncaught error. A second signal stops it at once. */

/** The reason of a stop that was not caused by a signal. */
export class Defect extends Error {}

export interface StopSignals {
  /** The first signal or a `Defect` aborts this signal. */
  readonly stopped: AbortSignal;
  /** Stops the sandbox because of this error. */
  readonly fail: (error: Error) => void;
  /** Stops the sandbox gracefully when this stream ends. The stream must have no other reader. */
  stopAtEndOf(input: NodeJS.ReadStream): void;
  /** Restores the default handling of the signals. */
  release(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * @param onForce runs just before the process ends at the second signal; must be synchronous
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
