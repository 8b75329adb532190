/**
 * Boots a daemon in order: config, state, products, drivers, cluster watch, job engine, HTTP. Stops it in reverse
 * order.
 */
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { AppDeps } from './http/server/app.js';
import { isShippedModule } from './modules/catalogue.js';
import type { Config } from './config/config.js';
import { loadConfig } from './config/load.js';
import { clockGuard, type ClockGuard } from './clock/guard.js';
import { type HostTime, hostTime } from './clock/host-time.js';
import { type Clock, instant } from './kernel/clock.js';
import { listenOnNetwork, listenOnSocket } from './http/server/listen.js';
import type { HandedSockets } from './systemd/environment.js';
import type { Watched } from './systemd/watchdog.js';
import { certificateManager } from './certificates/certificate-manager.js';
import { kindData } from './model/job-kinds.js';
import type { ModuleView } from './model/module-view.js';
import { isHeld, type Service } from './model/service.js';
import type { Server } from './model/server.js';
import type { DataRules } from './model/service-data.js';
import type { Job } from './model/job.js';
import type { Circuits } from './drivers/shared/circuit.js';
import type { ClusterWatch } from './drivers/guest/contract.js';
import type { Drivers } from './drivers/table.js';
import { leases } from './jobs/engine/leases.js';
import type { ModuleCalls } from './jobs/effects/module-calls.js';
import { countPlaces, findPlacement } from './jobs/effects/placement.js';
import { serviceRecords, serviceSubject } from './jobs/effects/service-subject.js';
import type { ModuleLogged } from './jobs/engine/module-line.js';
import { moduleProcesses } from './jobs/engine/processes.js';
import { type Runner, type RunnerDeps, runner } from './jobs/engine/runner.js';
import { type Recurring, schedule } from './jobs/engine/schedule.js';
import { eventLoopLoad } from './jobs/engine/event-loop-load.js';
import { breeThreads, type Threads } from './jobs/engine/threads.js';
import type { ModuleCollections } from './modules/collections/module-collections.js';
import { codeOfJobs } from './modules/code-of-jobs.js';
import { type DataChecks, dataChecks } from './model/data-check.js';
import { type OpenPlans, openPlans } from './boot/plans.js';
import { moduleInstaller } from './modules/activation/install.js';
import { moduleLog } from './modules/log/module-log.js';
import { shippedModules } from './modules/loader.js';
import { moduleViews } from './modules/module-views.js';
import { type ModulesInUse, type Products, registered } from './modules/registry.js';
import type { InstalledModule } from './modules/versions.js';
import { inspectServer } from './modules/servers/inspect-server.js';
import { type AccountStore, accountStore } from './servers/account-store.js';
import { type Inspector, inspector } from './servers/inspector.js';
import { testServer } from './modules/servers/test-server.js';
import { openStrikes } from './modules/strikes.js';
import { moduleCallsOf } from './boot/module-calls.js';
import { openModuleRequests } from './boot/module-requests.js';
import { openModuleCollections } from './boot/module-collections.js';
import { intoModuleLog } from './boot/module-logged.js';
import { type OpenLifecycle, openLifecycle } from './boot/module-lifecycle.js';
import { keepVersions, openVersions } from './boot/module-versions.js';
import { openTasks, type OpenTasks } from './boot/tasks.js';
import { type OpenModules, openModules } from './boot/modules.js';
import { openLog } from './boot/log.js';
import { type Counting, type Telemetry, startTelemetry, startCounting } from './boot/telemetry.js';
import type { DriftContext } from './drift/context.js';
import { type DriftStore, driftStore } from './drift/drift-store.js';
import { type Reconciler, reconciler } from './drift/reconcile.js';
import { newDeletionRateLimit } from './services/deletion-rate-limit.js';
import { eraseCredentials } from './services/erase-credentials.js';
import { retryRequestedDomains } from './domains/retry-requested-domains.js';
import { withJob } from './services/outcomes.js';
import { removeDeletedDocuments } from './services/deleted-documents.js';
import { dataRules } from './services/order-data.js';
import type { PlanList } from './services/plan-list.js';
import { purgeDue } from './services/purge-due.js';
import { forgetReservations } from './services/reservations.js';
import { recheckDomains } from './domains/recheck-domains.js';
import { answerCutOff } from './http/guards/idempotency-store.js';
import type { State } from './state/contract.js';
import type { FileSystem } from './state/files/file-system.js';
import { KeyedLock } from './kernel/async/keyed-lock.js';
import { openState } from './state/open.js';
import { loadFormerKeys } from './state/keys/former-keys.js';
import { loadStateKey } from './state/keys/state-key.js';
import { closeDrivers, lookAfterJobs, openCircuits, openDrivers } from './boot/systems.js';

export interface RunningDaemon {
  /** The URL of the API, such as `http://127.0.0.1:8080`. */
  readonly api: string;
  readonly socket: string;
  /** Resolves when the daemon must stop, with the reason. */
  readonly failed: Promise<Error>;
  /** The state that the watchdog of the service manager checks. */
  readonly watched: Watched;
  readonly log: Logger;
  /**
   * Stops gracefully. The daemon accepts no new work, and completes requests in progress and short steps. Long steps
   * are interrupted, and continue when the daemon is started again.
   */
  close(): Promise<void>;
  /**
   * The maximum time in milliseconds that the caller has to wait for the stop. After this time, all data that the next
   * start needs is on disk.
   */
  readonly closesWithinMs: number;
}

export interface DaemonOptions {
  readonly configFile: string;
  /** The destination of log lines. The default is stdout. */
  readonly logTo?: NodeJS.WritableStream;
  /** The sockets that systemd passed to the daemon. The daemon opens all other sockets itself. */
  readonly sockets?: HandedSockets;
  readonly around?: Surroundings;
}

/**
 * The daemon's connections to its environment. A test can replace each connection: it passes a function that gets the
 * default connection and returns the replacement.
 */
export interface Surroundings {
  readonly files?: (real: FileSystem) => FileSystem;
  readonly drivers?: (real: Drivers) => Drivers;
  readonly time?: HostTime;
}

type Stop = () => Promise<void> | void;

const BROKEN_CHECK_MS = 1_000;
const PURGE_LOOK_MS = 60_000;
const CREDENTIALS_LOOK_MS = 3_600_000;
const DOCUMENTS_LOOK_MS = 3_600_000;
const RESERVATIONS_LOOK_MS = 3_600_000;
const INSPECTIONS_LOOK_MS = 1_000;
const DOMAINS_LOOK_MS = 600_000;
/** The time that all other parts have to stop, in addition to the time for jobs. */
const CLOSE_REST_MS = 2_000;

/**
 * Throws ConfigError, or AgentError if the state cannot be opened. In this case, everything that has already been
 * started is stopped again.
 */
export async function startDaemon({
  configFile,
  logTo = process.stdout,
  around = {},
  sockets = {},
}: DaemonOptions): Promise<RunningDaemon> {
  const config = await loadConfig({ file: configFile });
  const log = await openLog(config.log, logTo);
  const host = around.time ?? hostTime();
  const timekeeper = await clockGuard({ stateDir: config.agent.state_dir, host, log });
  const { clock } = timekeeper;
  const counting = startCounting(clock);
  /**
   * First stops all active parts at the same time, so that their time limits do not add up. Then stops the parts that
   * they depend on, in the reverse order of their start.
   */
  const work: Stop[] = [];
  const stops: Stop[] = [];
  const close = async (): Promise<void> => {
    const ended = await Promise.allSettled(work.splice(0).map(async (stop) => stop()));
    for (const end of ended)
      if (end.status === 'rejected')
        log.error({ err: end.reason }, 'a part of the daemon did not stop cleanly');
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const key = await loadStateKey(config);
    const formerKeys = await loadFormerKeys(config);
    const state = await openState({
      dir: config.agent.state_dir,
      key,
      formerKeys,
      ownKeyFile: config.state_key === null,
      clock,
      warn: (text, detail) => log.warn({ detail }, text),
      auditKeepDays: config.audit.keep_days,
      fileOperation: counting.fileOperation,
      ...(around.files ? { around: around.files } : {}),
    });
    stops.push(() => state.close());
    timekeeper.start(newestInstant(state));
    stops.push(() => timekeeper.stop());
    const strikes = openStrikes(config.agent.state_dir, host.bootId, instant(clock));
    stops.push(() => strikes.close());
    const opened = await openModules(
      { config, configFile, state, strikes, clock, log },
      {
        prepare: async (next) => {
          await keepVersions(versions, next.inUse, log);
          await plans.checkAll(next.products);
        },
        afterwards: () => lifecycle.settle(),
        switched: () => void plans.checkAll(live.products),
      },
    );
    const { live } = opened;
    stops.push(() => live.close());
    const { products, inUse } = live;
    const checks = dataChecks();
    const plans = await openPlans({ config, state, products, strikes, checks, log });
    // the start does not wait for modules; an order waits for the check of its own plan only
    void plans.checkAll(products);
    const modules = (): ModuleView[] => moduleViews(live.known(), state.services.entries());
    for (const { file, problem } of state.services.damaged)
      log.error({ file, problem }, 'a damaged document was set aside');

    const systems = openCircuits(config, clock, log);
    const { drivers: real, watch } = await openDrivers(config, clock, log, state, counting, systems);
    const drivers = around.drivers?.(real) ?? real;
    const certificates = certificateManager({
      config,
      services: state.services,
      domains: state.domains,
      drivers,
      clock,
      log,
    });
    stops.push(() => certificates.ended());
    stops.push(() => closeDrivers(drivers, watch));
    stops.push(lookAfterJobs(state, watch));
    const tasks = openTasks({ config, clock, state, inUse, log });
    const drift = driftStore(config.reconcile.confirm_s * 1000);
    const accounts = accountStore();
    const observation = startTelemetry({
      accounts,
      ...{ config, state, watch, clock, timekeeper, log, counting },
      circuits: () => systems.list(),
      onSystem: (listener) => systems.onChange(listener),
      drift: () => drift.counts(),
      leftLocks: () => drift.leftLocks(),
      strangers: () => drift.strangers(),
      modules,
      tasks: tasks.records,
    });
    stops.push(() => observation.stop());
    const parts = {
      ...{
        config,
        clock,
        state,
        drivers,
        watch,
        products,
        inUse,
        log,
        counting,
        observation,
        drift,
        accounts,
      },
      plans: plans.list,
      ...{ dataChecks: checks, checkService: plans.checkService.bind(plans) },
      circuits: systems,
    };
    const { threads, processes } = openThreads(config);
    const shipped = (): InstalledModule[] =>
      live.chosen().flatMap(({ one }) => (isShippedModule(one) ? registered(one, true) : []));
    const versions = await openVersions({ ...parts, shipped });
    const calls = moduleCallsOf(
      { ...parts, addTask: tasks.add, emitEvent: tasks.emit },
      { key, former: formerKeys },
    );
    stops.push(() => calls.close());
    const moduleLogs = moduleLog({ stateDir: config.agent.state_dir, clock, log });
    stops.push(() => moduleLogs.close());
    const collections = openModuleCollections({ ...parts, target: opened.target }, versions, strikes);
    work.push(() => collections.close());
    const attempts = { threads, processes, code: codeOfJobs(versions, strikes) };
    const moduleLogged = intoModuleLog(moduleLogs);
    const lifecycle = openLifecycle({
      ...{ config, clock, state, log, modules: opened, versions, collections },
      ...{ moduleCalls: calls.call, moduleLogs },
    });
    const requests = openModuleRequests({
      ...{ ...parts, versions, strikes, moduleLogged, collections },
      ...{ moduleCalls: calls.call, known: live.known, secretsOfModule: lifecycle.secretsOf },
    });
    work.push(() => requests.close());
    const engine = buildEngine(
      {
        ...parts,
        ...{ moduleCalls: calls.call, moduleLogged, collections, tasks, lifecycle },
        settingSecret: opened.settingSecret,
      },
      { ...attempts, code: lifecycle.around(attempts.code) },
    );
    const serverRuns = {
      ...{ ...attempts, clock, log, products, circuits: systems, calls: calls.call, moduleLogged },
      leases: leases(),
    };
    await answerCutOff({ state });
    await engine.start();
    work.push(() => engine.stop());
    tasks.start();
    work.push(() => tasks.stop());
    // the start does not wait for the activation of modules
    const settled = lifecycle.settle();
    work.push(() => settled);

    certificates.start();
    work.push(() => certificates.stop());

    const operations = operationContext(parts);
    const reconcile = reconciler(operations);
    const inspections = inspector({
      ...{ state, products, clock, log, accounts, everyMs: config.modules.inspect_every_s * 1000 },
      inspect: (...args) => inspectServer({ ...serverRuns, panels: config.panels }, ...args),
      test: (server, signal) => testServer(serverRuns, server, signal),
      changed: () => observation.alerts.nudge(),
    });
    work.push(() => inspections.stop());
    work.push(startSchedule(operations, reconcile, inspections, timekeeper, tasks.recurring));
    const deps = {
      ...operations,
      reconcile,
      metrics: counting.metrics,
      alerts: observation.alerts,
      timekeeper,
      ready: readiness(state),
      modules,
      rescanModules: live.rescan,
      ...{ tasks: tasks.records, schedules: tasks.schedules },
      moduleRequests: requests,
      testServer: (server: Server, signal: AbortSignal) => testServer(serverRuns, server, signal),
      moduleLifecycle: lifecycle.lifecycle,
      moduleSettings: opened.settings,
      moduleLog: moduleLogs,
      installModule: moduleInstaller({
        stateDir: config.agent.state_dir,
        ...{ records: opened.records, live, versions, read: opened.read },
      }),
    };
    const socket = await listenOnSocket(deps, sockets.cli);
    work.push(() => socket.close());
    const network = await listenOnNetwork(deps, sockets.api);
    work.push(() => network.close());
    log.info({ api: network.url, socket: config.api.socket, agent: config.agent.id }, 'innkeeper is ready');
    threads.warm();
    return {
      api: network.url,
      socket: config.api.socket,
      failed: whenBroken(state, log, stops),
      watched: { overdue: () => engine.overdue(), status: () => statusOf(engine) },
      log,
      close,
      closesWithinMs: config.jobs.stop_s * 1000 + CLOSE_REST_MS,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the latest timestamp in the records. The current time cannot be earlier. */
function newestInstant({ services }: State): number | undefined {
  let newest: string | undefined;
  for (const { updatedAt } of services.entries())
    if (newest === undefined || updatedAt > newest) newest = updatedAt;
  return newest === undefined ? undefined : Date.parse(newest);
}

function statusOf(engine: Runner): string {
  const { running, waiting } = engine.counts();
  return `Serving; ${running} jobs running, ${waiting} waiting`;
}

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly state: State;
  readonly drivers: Drivers;
  readonly watch: ClusterWatch;
  readonly products: Products;
  readonly inUse: ModulesInUse;
  readonly plans: PlanList;
  readonly dataChecks: DataChecks;
  readonly checkService: OpenPlans['checkService'];
  readonly log: Logger;
  readonly circuits: Circuits;
  readonly counting: Counting;
  readonly observation: Telemetry;
  readonly drift: DriftStore;
  readonly accounts: AccountStore;
}

/** Job attempts run the code of shipped modules in threads, and the code of other modules in processes. */
function openThreads({ modules }: Config): { readonly threads: Threads; readonly processes: Threads } {
  const engine = join(dirname(shippedModules()), 'src', 'jobs', 'engine');
  return {
    threads: breeThreads(join(engine, 'worker.js'), modules.job_heap_mb),
    processes: moduleProcesses({
      entry: join(engine, 'process-main.js'),
      heapMb: modules.job_heap_mb,
      memoryMb: modules.job_memory_mb,
    }),
  };
}

function buildEngine(
  parts: Parts & {
    readonly moduleCalls: ModuleCalls;
    readonly moduleLogged: ModuleLogged;
    readonly collections: ModuleCollections;
    readonly tasks: OpenTasks;
    readonly lifecycle: Pick<OpenLifecycle, 'subject' | 'isHeld' | 'secretsOf'>;
    readonly settingSecret: OpenModules['settingSecret'];
  },
  attempts: Pick<RunnerDeps, 'threads' | 'processes' | 'code'>,
): Runner {
  const { config, clock, state, drivers, watch, log, counting, circuits } = parts;
  const { moduleCalls, moduleLogged, collections, tasks, lifecycle } = parts;
  const dataRules = (service: Service, job: Job) => rulesOf(parts, service, job);
  return runner({
    subjects: [
      serviceSubject({
        ...{ config, drivers, watch, clock, withJob, moduleCalls, collections },
        services: state.services,
        reservations: state.reservations,
        servers: state.servers,
        archive: state.archive,
        dataRules,
        settingSecret: parts.settingSecret,
      }),
      tasks.kind({
        ...{ collections, moduleCalls, dataRules, settingSecret: parts.settingSecret },
        moduleSecrets: lifecycle.secretsOf,
      }),
      lifecycle.subject,
    ],
    isHeld: lifecycle.isHeld,
    config,
    kinds: kindData,
    clock,
    log,
    stepEnded: counting.metrics.stepEnded,
    moduleLogged,
    leases: leases(),
    circuits,
    ...attempts,
    spare: eventLoopLoad(),
  });
}

/** No rules apply to a job that runs another version of the product, because its schema may differ. */
function rulesOf(parts: Parts, { module }: Service, { pinned }: Job): DataRules | undefined {
  const product = parts.products.find(module.name);
  const isSame = product && (product.hash ?? undefined) === pinned.module.hash;
  return isSame ? dataRules(parts, product) : undefined;
}

function operationContext(parts: Parts): DriftContext {
  const { config, clock, state, drivers, watch, products, plans, log, observation, drift, accounts } = parts;
  const { services, reservations } = state;
  const placementDeps = { config, services, reservations, clock, drivers };
  return {
    config,
    state,
    clock,
    log,
    watch,
    drivers,
    products,
    plans,
    dataChecks: parts.dataChecks,
    checkService: parts.checkService,
    kinds: kindData,
    records: serviceRecords({ services: state.services, archive: state.archive, withJob }),
    noticed: observation.noticed,
    zoneTurns: new KeyedLock(),
    brake: newDeletionRateLimit({ config, state, clock }),
    roomFor: (request, view, self) => void findPlacement(placementDeps, request, view, self),
    countRoom: (request, view, most) => countPlaces(placementDeps, request, view, most),
    reservationTurns: new KeyedLock(),
    planTurns: new KeyedLock(),
    serverTurns: new KeyedLock(),
    drift,
    accounts,
  };
}

function readiness(state: State): AppDeps['ready'] {
  return () => {
    const reasons = [
      ...(state.broken ? [`the state cannot be written any more: ${state.brokenBy ?? ''}`] : []),
      ...(state.failing === undefined ? [] : [`the state cannot be written: ${state.failing}`]),
    ];
    return { ready: reasons.length === 0, reasons };
  };
}

/** Recurring tasks that depend on dates. */
const DATED = ['purge', 'credentials', 'domains', 'module-schedules'];

/** Starts the recurring tasks. The first run also finds purges that became due while the agent was down. */
function startSchedule(
  deps: DriftContext,
  reconcile: Reconciler,
  inspections: Inspector,
  timekeeper: ClockGuard,
  ofModules: readonly Recurring[],
): () => Promise<void> {
  const over = new AbortController();
  const recurring = schedule(
    [
      { name: 'purge', everyMs: PURGE_LOOK_MS, run: () => purgeDue(deps) },
      { name: 'credentials', everyMs: CREDENTIALS_LOOK_MS, run: () => eraseCredentials(deps) },
      { name: 'documents', everyMs: DOCUMENTS_LOOK_MS, run: () => removeDeletedDocuments(deps.state) },
      { name: 'reservations', everyMs: RESERVATIONS_LOOK_MS, run: () => forgetReservations(deps) },
      {
        name: 'requested-domains',
        everyMs: DOMAINS_LOOK_MS,
        run: () => retryRequestedDomains(deps, over.signal),
      },
      { name: 'domains', everyMs: DOMAINS_LOOK_MS, run: () => recheckDomains(deps, over.signal) },
      { name: 'inspections', everyMs: INSPECTIONS_LOOK_MS, run: () => inspections.tick() },
      { name: 'reconcile', everyMs: deps.config.reconcile.every_s * 1000, run: () => reconcile.run() },
      ...ofModules,
    ],
    { clock: deps.clock, log: deps.log },
  );
  // start the jobs that were delayed because the clock was not trusted
  timekeeper.onChange(() => DATED.forEach((name) => recurring.nudge(name)));
  const unlisten = deps.state.services.onChange((next, previous) => {
    if (isHeld(next)) recurring.nudge('purge');
    else if (next.lifecycle === 'terminated') recurring.nudge('documents');
    if (next.site?.domainWish && next.lifecycle === 'active' && previous?.lifecycle !== 'active')
      recurring.nudge('requested-domains');
  });
  const deafen = deps.state.events.onAdded(() => recurring.nudge('module-events'));
  return async () => {
    unlisten();
    deafen();
    over.abort(new Error('the agent is stopping'));
    await reconcile.stop();
    await recurring.stop();
  };
}

/**
 * Stops the daemon in two cases in which it must not continue: if a write failed halfway, because memory and disk may
 * then differ, or if the lock was lost, because another daemon may then write to the same folder.
 */
function whenBroken(state: State, log: Logger, stops: Stop[]): Promise<Error> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!state.broken) return;
      clearInterval(timer);
      const reason =
        `the state cannot be written any more: ${state.brokenBy ?? ''}; restart the daemon to continue ` +
        'from what is on disk';
      log.error({ reason: state.brokenBy }, 'the state cannot be written any more: the daemon stops');
      resolve(new Error(reason));
    }, BROKEN_CHECK_MS);
    timer.unref();
    stops.push(() => clearInterval(timer));
  });
}
