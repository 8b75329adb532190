/** innkeeper serve: runs the daemon until a signal stops it. */
import { EXIT } from './failure.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** For what may still hold the process when all is closed. */
const LINGER_MS = 500;
const FORCED = { SIGTERM: 143, SIGINT: 130 } as const;

/** As safe as the end of the process at any other moment: every acknowledged request is on disk. */
function leave(code: number): void {
  process.stderr.write('innkeeper: not everything ended in time; the next start goes on where it stands\n');
  process.exit(code);
}

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
  const code = reason ? EXIT.failed : EXIT.done;
  if (reason) process.stderr.write(`innkeeper: ${reason.message}\n`);
  setTimeout(() => leave(code), daemon.closesWithinMs).unref();
  await daemon.close();
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return code;
}
