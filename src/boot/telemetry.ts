/** Creates the metrics and the alerts of a daemon. */
import type { Logger } from 'pino';
import type { ConditionSources, Noticed } from '../alerts/condition.js';
import { conditions } from '../alerts/conditions.js';
import { type AlertMonitor, alertMonitor } from '../alerts/alert-monitor.js';
import type { Config } from '../config/config.js';
import type { ClockGuard } from '../clock/guard.js';
import { descriptorLimit, openDescriptors } from '../kernel/descriptor-use.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { Accounts } from '../model/account.js';
import { NOTICES } from '../model/alert.js';
import { failedOrders } from '../model/failed-order.js';
import { FOR_RELEASE, type Job } from '../model/job.js';
import type { Service } from '../model/service.js';
import { lackOf } from '../model/waiting-order.js';
import type { ClusterWatch } from '../drivers/guest/contract.js';
import { commandHook } from '../drivers/hook/command/index.js';
import type { Hook } from '../drivers/hook/contract.js';
import { webhook } from '../drivers/hook/webhook/index.js';
import { makeMetrics, type Metrics } from '../metrics/metrics.js';
import { poolUses, type Sources } from '../metrics/sources.js';
import { watchOwnCertificates } from '../certificates/certificate.js';
import type { OperationContext } from '../services/context.js';
import type { FileOperationEnd, State } from '../state/contract.js';
import { failedTasks } from '../tasks/failed-tasks.js';
import type { TaskRecords } from '../tasks/task-records.js';

/** The metrics are created before the state is opened, so that every file operation is counted. */
export interface Counting {
  readonly metrics: Metrics;
  readonly fileOperation: (end: FileOperationEnd) => void;
  /** The last time (epoch ms) at which an operation failed because no file descriptor was free. */
  readonly refusedDescriptorAt: () => number | undefined;
  /** The error code of the last failed write, and the time since which writes fail (RFC 3339). */
  readonly failingWrites: () => { readonly since: string; readonly code: string } | undefined;
  /** Called when writes begin to fail, and when they work again. */
  onTurn(listener: () => void): void;
}

export function startCounting(clock: Clock): Counting {
  const metrics = makeMetrics();
  const listeners: (() => void)[] = [];
  let refusedAt: number | undefined;
  const refused = (): void => {
    const isFirst = refusedAt === undefined;
    refusedAt = clock.now();
    if (isFirst) for (const listener of listeners) listener();
  };
  let failing: { readonly since: string; readonly code: string } | undefined;
  return {
    metrics: {
      ...metrics,
      driverCalled(end) {
        metrics.driverCalled(end);
        if (end.result === 'descriptors_exhausted') refused();
      },
    },
    fileOperation(end) {
      metrics.fileOperation(end);
      if (end.code === 'EMFILE' || end.code === 'ENFILE') refused();
      const works = end.code === undefined;
      if (works === (failing === undefined)) return;
      failing = end.code === undefined ? undefined : { since: instant(clock), code: end.code };
      for (const listener of listeners) listener();
    },
    refusedDescriptorAt: () => refusedAt,
    failingWrites: () => failing,
    onTurn: (listener) => void listeners.push(listener),
  };
}

export interface TelemetryDeps {
  readonly config: Config;
  readonly state: State;
  readonly watch: ClusterWatch;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counting: Counting;
  readonly circuits: Sources['circuits'];
  /**
   * Adds a listener that is called in two cases: if the circuit of a remote system changes its state, or if the remote
   * system starts or stops refusing the agent's credentials. Returns a function that removes the listener.
   */
  readonly onSystem: (listener: () => void) => () => void;
  readonly drift: Sources['drift'];
  readonly leftLocks: ConditionSources['leftLocks'];
  readonly timekeeper: Pick<ClockGuard, 'view' | 'onChange'>;
  readonly strangers: ConditionSources['strangers'];
  readonly modules: ConditionSources['modules'];
  readonly accounts: Accounts;
  readonly tasks: TaskRecords;
}

export interface Telemetry {
  readonly alerts: AlertMonitor;
  readonly noticed: NonNullable<OperationContext['noticed']>;
  stop(): Promise<void>;
}

/** Starts listening. Must be called before the job engine starts. */
export function startTelemetry({ counting, log, timekeeper, ...deps }: TelemetryDeps): Telemetry {
  const { config, state, clock } = deps;
  const { metrics } = counting;
  const sources: Sources = { ...deps, ownCertificates: watchOwnCertificates(config, clock) };
  metrics.lookUp(sources);
  const notices = new Map(NOTICES.map((kind) => [kind, new Map<string, Noticed>()]));
  const alerts = alertMonitor({
    agent: config.agent.id,
    alerts: state.alerts,
    conditions: conditions({
      ...sources,
      pools: () => poolUses(sources),
      leftLocks: deps.leftLocks,
      strangers: deps.strangers,
      modules: deps.modules,
      servers: () =>
        state.servers.list().map((server) => ({ server, health: deps.accounts.server(server.id) })),
      failedTasks: () => failedTasks(deps.tasks),
      failingWrites: counting.failingWrites,
      clockDoubt: () => timekeeper.view().doubt,
      descriptors: () => ({
        open: openDescriptors(),
        limit: descriptorLimit(),
        refusedAt: counting.refusedDescriptorAt(),
      }),
      notices: (kind) => notices.get(kind) ?? new Map<string, Noticed>(),
    }),
    hooks: config.alerts.hooks.map((hook) => hookOf(hook, clock)),
    clock,
    log,
  });
  counting.onTurn(() => alerts.nudge());
  timekeeper.onChange(() => alerts.nudge());
  const unlisten = state.services.onChange((next, previous) => {
    metrics.serviceChanged(next, previous);
    if (needsPerson(next) !== needsPerson(previous)) alerts.nudge();
  });
  const deafen = deps.onSystem(() => alerts.nudge());
  const forget = deps.tasks.onChange((_, next) => {
    if (next === undefined || next.status === 'failed') alerts.nudge();
  });
  alerts.start();
  return {
    alerts,
    noticed({ kind, panel, ...what }) {
      notices.get(kind)?.set(panel, { ...what, at: clock.now() });
      alerts.nudge();
    },
    async stop() {
      unlisten();
      deafen();
      forget();
      await alerts.stop();
    },
  };
}

/** Returns the reason why the service needs an operator. */
function needsPerson(service: Service | undefined): string {
  const waits = (job: Job): boolean =>
    job.status === 'stuck' ||
    job.waiting?.for === FOR_RELEASE ||
    job.waiting?.reason === 'refused_us' ||
    lackOf(job) !== null;
  if (!service) return '';
  const ids = [...service.jobs.filter(waits), ...failedOrders(service)].map(({ id }) => id);
  return [...ids, service.smallerPlanAt ?? ''].join();
}

function hookOf(
  { name, command, url, secret, ca_file }: Config['alerts']['hooks'][number],
  clock: Clock,
): Hook {
  if (command) return commandHook(name, command);
  if (url) return webhook({ name, url, secret, ca_file }, clock);
  throw new Error('a hook has neither command nor URL');
}
