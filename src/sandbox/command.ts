/**
 * Implements `innkeeper sandbox`: starts an environment and the real daemon. Then it either runs until a user or a
 * program stops it, or orders one demo site and stops.
 */
import { onAbort } from '../kernel/async/on-abort.js';
import { withLimit } from '../kernel/async/with-limit.js';
import { appendFileSync, createWriteStream, rmSync } from 'node:fs';
import { access as canAccess, constants, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pino } from 'pino';
import { makeTemplate } from '../boot/golden-template.js';
import { startDaemon } from '../main.js';
import { findKeptPort, readAccess, type Access } from './access.js';
import { DEFAULT_API_PORT } from './agent-config.js';
import { introText } from './intro.js';
import { createDemoSite, type DemoReport } from './demo-run.js';
import { canListen, freePort } from './ports.js';
import { startEnvironment } from './start-environment.js';
import { catchSignals, Defect, type StopSignals } from './stop-signals.js';
import type { Environment } from './environment.js';

export interface SandboxOptions {
  readonly backend: Environment['backend'];
  /** The folder whose data is kept and reused. If it is absent, a temporary folder is used and removed at the end. */
  readonly state?: string | undefined;
  /**
   * The port of the API; 0 means any free port. If it is absent, the port of the last run with this folder is used. If
   * there was no such run, the port is 8080. With `once`, any free port is used, because no client needs to know the
   * port.
   */
  readonly port?: number | undefined;
  /** Prints one line with a JSON object on standard output, and nothing else. */
  readonly json: boolean;
  /** Orders one site, prints a report, and stops. */
  readonly once: boolean;
  /** Starts only the environment, without the daemon. */
  readonly world: boolean;
  /**
   * Stops when standard input ends. If the script that started the sandbox dies, the sandbox therefore stops as well.
   */
  readonly untilStdinEnds: boolean;
}

/**
 * The time limit for a demo site. If there is no template, a site in a real container is installed from scratch, which
 * takes minutes.
 */
const ONCE_WITHIN_MS = { memory: 120_000, lxc: 900_000 } as const;

/**
 * Runs the sandbox until it is stopped, or until the demo site is created. Resolves with the exit code. Each error is
 * printed as one sentence on standard error.
 */
export async function runSandbox(options: SandboxOptions): Promise<number> {
  const stateDir = options.state === undefined ? await temporaryFolder() : resolve(options.state);
  const removeState = (): void => {
    if (options.state === undefined) rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 });
  };
  const logFile = join(stateDir, 'agent.log');
  const signals = catchSignals(removeState, (stack) => keepStack(logFile, stack));
  // If standard output is closed, the sandbox keeps running
  process.stdout.on('error', () => {});
  const closers: (() => Promise<void>)[] = [];
  if (options.untilStdinEnds) signals.stopAtEndOf(process.stdin);
  try {
    await usableFolder(stateDir);
    return await run(options, { stateDir, logFile, signals, closers });
  } catch (error) {
    const reason: unknown = signals.stopped.aborted ? signals.stopped.reason : error;
    // with `--once`, the caller expects a result even if the sandbox is stopped early, so the early stop is a failure
    if (signals.stopped.aborted && !(reason instanceof Defect) && !options.once) return 0;
    printFailure(options, reason);
    return 1;
  } finally {
    for (const close of closers.reverse()) await close().catch((error: unknown) => tell(messageOf(error)));
    removeState();
    signals.release();
  }
}

interface Surroundings {
  readonly stateDir: string;
  readonly logFile: string;
  readonly signals: StopSignals;
  /** The functions that run at the end, in reverse order. */
  readonly closers: (() => Promise<void>)[];
}

async function run(
  options: SandboxOptions,
  { stateDir, logFile, signals, closers }: Surroundings,
): Promise<number> {
  const { stopped } = signals;
  if (options.once && options.world)
    throw new Error('--once needs the daemon: do not combine it with --world');
  const apiPort = await choosePort(options, stateDir);
  const openFile = (file: string) => {
    const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
    stream.on('error', signals.fail);
    closers.push(async () => new Promise((done) => stream.end(done)));
    return stream;
  };
  const log = openFile(logFile);
  const environmentLog = openFile(join(stateDir, 'environment.log'));

  const environment = await startEnvironment(options.backend, {
    stateDir,
    apiPort,
    log: (line) => void environmentLog.write(`${line}\n`),
  });
  closers.push(() => environment.close());
  stopped.throwIfAborted();
  if (options.backend === 'lxc') await haveTemplate(environment, stopped, log);
  if (!options.world) {
    const daemon = await startDaemon({ configFile: environment.configFile, logTo: log });
    closers.push(() => daemon.close());
    void daemon.failed.then(signals.fail);
  }
  const access = await readAccess(environment.configFile);
  if (options.json) say(JSON.stringify(readyObject(environment, access)));
  if (options.once) return await once(options, environment, access, stopped, logFile);
  if (!options.json) {
    const kept = options.state !== undefined;
    const hasDig = await isInstalled('dig');
    say(introText({ environment, access, logFile: options.world ? undefined : logFile, kept, hasDig }));
  }
  await aborted(stopped);
  if (stopped.reason instanceof Defect) throw stopped.reason;
  if (!options.json) say('Stopping ...');
  return 0;
}

/**
 * Builds the golden template for real containers in the same way as an operator. This takes minutes, but is needed
 * only once per machine, because later runs use the cached template.
 */
async function haveTemplate(
  environment: Environment,
  stopped: AbortSignal,
  log: NodeJS.WritableStream,
): Promise<void> {
  await makeTemplate({
    configFile: environment.configFile,
    product: 'wordpress',
    replace: false,
    signal: stopped,
    log: pino({ level: 'info', base: null }, log),
    progress: ({ phase, script }) => tell(`building the golden template: ${phase} ${script ?? ''}`.trimEnd()),
  });
}

async function once(
  options: SandboxOptions,
  environment: Environment,
  access: Access,
  stopped: AbortSignal,
  logFile: string,
): Promise<number> {
  const limitMs = ONCE_WITHIN_MS[options.backend];
  const report = await withLimit(
    stopped,
    limitMs,
    (signal) => createDemoSite(access, environment.backend, signal),
    () => new Error(`the site was not ready within ${limitMs / 1000} s`),
  );
  say(options.json ? JSON.stringify(report) : reportText(report));
  if (!report.ok && options.state !== undefined) tell(`the log is ${logFile}`);
  return report.ok ? 0 : 1;
}

function reportText(report: DemoReport): string {
  if (!report.ok) return `The site failed: ${report.error}`;
  const width = Math.max(...report.steps.map((step) => step.name.length));
  return [
    `${report.url} shows "${report.title}".`,
    '',
    ...report.steps.map(
      ({ name, started_ms, ended_ms }) =>
        `  ${name.padEnd(width)}  ${String(started_ms).padStart(6)} ms to ${String(ended_ms).padStart(6)} ms`,
    ),
    '',
    `accepted after ${report.accepted_ms} ms, ready after ${report.ready_ms} ms, completed after ${report.completed_ms} ms`,
    `longest path ${report.longest_path_ms} ms, sum of all steps ${report.sum_of_steps_ms} ms`,
  ].join('\n');
}

function readyObject(environment: Environment, { api, token }: Access): object {
  return {
    ready: true,
    api,
    token,
    ca_file: environment.caFile,
    proxy: { https_port: environment.proxy.httpsPort },
    dns: environment.dns,
    pve: environment.pve,
    control: environment.control,
    state_dir: environment.stateDir,
  };
}

/**
 * With `--world`, it is not checked whether the port is free: only the daemon listens on it, and the user's daemon may
 * still be running.
 */
async function choosePort(options: SandboxOptions, stateDir: string): Promise<number> {
  if (options.port === 0) return freePort();
  const kept = await findKeptPort(join(stateDir, 'innkeeper.yaml'));
  const port = options.port ?? kept ?? (options.once ? await freePort() : DEFAULT_API_PORT);
  if (options.world || (await canListen(port))) return port;
  throw new Error(
    `port ${port} on 127.0.0.1 is in use; choose another port with --port N, or any free port with ` +
      '--port 0',
  );
}

async function usableFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await canAccess(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`the folder ${path} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** Writes the stack of an error to the log file. The error message is printed on standard error in any case. */
function keepStack(logFile: string, stack: string): void {
  try {
    appendFileSync(logFile, `${stack}\n`);
  } catch {
    process.stderr.write(`${stack}\n`);
  }
}

async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'innkeeper-sandbox-'));
}

async function isInstalled(name: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => canAccess(join(folder, name), constants.X_OK));
  return Promise.any(found).then(
    () => true,
    () => false,
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  // a signal listener alone does not keep the process running
  const awake = setInterval(() => {}, 1 << 30);
  await new Promise<void>((done) => void onAbort(signal, done));
  clearInterval(awake);
}

function printFailure(options: SandboxOptions, error: unknown): void {
  const message = messageOf(error);
  if (options.json)
    say(
      JSON.stringify(
        options.once
          ? { ok: false, backend: options.backend, error: message }
          : { ready: false, error: message },
      ),
    );
  tell(message);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function tell(message: string): void {
  process.stderr.write(`innkeeper sandbox: ${message}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
