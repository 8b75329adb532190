/** innkeeper serve: runs the daemon until a signal stops it. */
import { EXIT } from './failure.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const LINGER_MS = 2_000;
const FORCED = { SIGTERM: 143, SIGINT: 130 } as const;

/** Resolves with the exit code. The first signal stops gracefully, the second at once. */
export async function serve(configFile: string): Promise<number> {
  let asked = false;
  let stop: (outcome: { readonly reason?: Error }) => void = () => undefined;
  const stopped = new Promise<{ readonly reason?: Error }>((resolve) => (stop = resolve));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (asked) process.exit(FORCED[signal]);
      asked = true;
      stop({});
    });
  }
  const { startDaemon } = await import('../main.js');
  const daemon = await startDaemon({ configFile });
  void daemon.failed.then((reason) => stop({ reason }));
  const { reason } = await stopped;
  await daemon.close();
  // whatever still holds the process must not outlive the daemon
  setTimeout(() => process.exit(), LINGER_MS).unref();
  if (!reason) return EXIT.done;
  process.stderr.write(`innkeeper: ${reason.message}\n`);
  return EXIT.failed;
}
