/** innkeeper serve: runs the daemon until a signal stops it. If systemd started it, reports its status to systemd. */
import type { RunningDaemon } from '../../main.js';
import { orSleep } from '../../kernel/async/race.js';
import { systemClock } from '../../kernel/clock.js';
import { type ServiceEnvironment, takeServiceEnvironment } from '../../systemd/environment.js';
import { type ServiceManager, serviceManager } from '../../systemd/notify.js';
import { startWatchdog } from '../../systemd/watchdog.js';
import { EXIT, sentenceOf } from '../shared/failure.js';
import { keepSemiSpaceSmall, letSemiSpaceGrow } from './v8-semi-space.js';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** The time after which the process is ended by force if it does not end by itself after everything is closed. */
const LINGER_MS = 500;
const FORCED = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;
/**
 * The delay before the exit of a daemon that failed to start. Without this delay, systemd would restart the daemon
 * immediately until it reaches the start limit.
 */
const FAILED_START_MS = 5_000;
const SPARE_MS = 5_000;

/**
 * Ends the process even if operations are still running. This is safe, because every request that the daemon has
 * acknowledged is on disk.
 */
function leave(code: number): void {
  process.stderr.write(
    'innkeeper: some operations did not finish in time and will be resumed at the next start\n',
  );
  process.exit(code);
}

/** Resolves with the exit code. The first signal stops gracefully, the second immediately. */
export async function serve(configFile: string): Promise<number> {
  keepSemiSpaceSmall();
  // The same value as `UMask=` in the systemd unit, so that other users can never access the socket or any file. Files
  // that nginx reads get their mode separately.
  process.umask(0o077);
  const given = takeServiceEnvironment(process.env, process.pid);
  const manager = serviceManager(given.notifySocket);
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
  // By default, Node would open its debugger on loopback, where every user of this machine can access it.
  process.on('SIGUSR1', () => process.stderr.write('innkeeper: SIGUSR1 is ignored\n'));
  const daemon = await start(configFile, given, manager, stopped);
  if (typeof daemon === 'number') return daemon;
  void daemon.failed.then((reason) => stop({ reason }));
  const unwatch = watch(daemon, given, manager);
  await tell(daemon, manager, 'READY=1', `STATUS=${daemon.watched.status()}`);
  letSemiSpaceGrow();
  const { reason } = await stopped;
  unwatch();
  void tell(daemon, manager, 'STOPPING=1', 'STATUS=Stopping', extension(daemon));
  const code = reason ? EXIT.failed : EXIT.done;
  if (reason) process.stderr.write(`innkeeper: ${reason.message}\n`);
  setTimeout(() => leave(code), daemon.closesWithinMs).unref();
  await daemon.close();
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return code;
}

/** Returns the daemon, or the exit code if the start failed. */
async function start(
  configFile: string,
  { sockets, notifySocket }: ServiceEnvironment,
  manager: ServiceManager,
  stopped: Promise<unknown>,
): Promise<RunningDaemon | number> {
  const [{ startDaemon }, { ConfigError }] = await Promise.all([
    import('../../main.js'),
    import('../../config/error.js'),
  ]);
  try {
    return await startDaemon({ configFile, sockets });
  } catch (error) {
    process.stderr.write(`innkeeper: ${sentenceOf(error)}\n`);
    const [first = ''] = sentenceOf(error).split('\n', 1);
    await manager.tell(`STATUS=${first}`).catch(() => undefined);
    if (error instanceof ConfigError) return EXIT.config;
    if (notifySocket !== undefined) await orSleep(stopped, systemClock, FAILED_START_MS);
    return EXIT.failed;
  }
}

function watch(
  daemon: RunningDaemon,
  { watchdogMs }: ServiceEnvironment,
  manager: ServiceManager,
): () => void {
  if (watchdogMs === undefined) return () => undefined;
  const { watched, log } = daemon;
  return startWatchdog({
    intervalMs: watchdogMs,
    manager,
    watched,
    clock: systemClock,
    warn: (fields, text) => log.warn(fields, text),
  });
}

/**
 * The message with which the daemon requests more time for its stop from systemd. The time that it needs depends on
 * the configuration, while systemd only knows TimeoutStopSec=.
 */
function extension({ closesWithinMs }: RunningDaemon): string {
  return `EXTEND_TIMEOUT_USEC=${(closesWithinMs + LINGER_MS + SPARE_MS) * 1000}`;
}

async function tell(daemon: RunningDaemon, manager: ServiceManager, ...lines: string[]): Promise<void> {
  await manager
    .tell(...lines)
    .catch((error: unknown) => daemon.log.error({ err: error }, 'systemd could not be notified'));
}
