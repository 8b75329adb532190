/** The type of the function that each file in routes/ exports. The function adds one endpoint. */
import type { Timekeeper } from '../../model/clock-doubt.js';
import type { ModuleRequests } from '../../model/module-request.js';
import type { ModuleView } from '../../model/module-view.js';
import type {
  InstallModule,
  ModuleLifecycle,
  ModuleLogReader,
  ModuleSettings,
} from '../../model/module-operations.js';
import type { StatusSources } from '../../services/read-status.js';
import type { Reconciler } from '../../drift/reconcile.js';
import type { Allocate } from '../../services/allocate.js';
import type { JobFeed } from '../../jobs/manage/job-feed.js';
import type { DriftContext } from '../../drift/context.js';
import type { ListedAlerts } from '../../alerts/list-alerts.js';
import type { TestServer } from '../../servers/context.js';
import type { App } from './app-type.js';
import type { MainThread } from './main-thread.js';
import type { Listener } from '../../model/listener.js';
import type { ScheduleView as ScheduleState } from '../../tasks/scheduler.js';
import type { TaskRecords } from '../../tasks/task-records.js';

export interface Readiness {
  readonly ready: boolean;
  /** The reason why the daemon is not ready, for the operator's log. It is never part of a response on the network. */
  readonly reasons: readonly string[];
}

/** Counts requests, and provides the text of /metrics. */
export interface RequestMetrics {
  /** `route` is the pattern of the route, or undefined if no route matches. */
  answered(call: {
    readonly method: string;
    readonly route: string | undefined;
    readonly status: number;
    readonly ms: number;
    /** Adds time that a request used on the main thread. */
    readonly mainThreadMs: number;
  }): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

export interface RouteContext extends DriftContext, Omit<StatusSources, keyof DriftContext> {
  readonly metrics: RequestMetrics;
  readonly alerts: ListedAlerts;
  readonly allocate: Allocate;
  readonly reconcile: Pick<Reconciler, 'ask' | 'repair' | 'remove'>;
  readonly jobFeed: JobFeed;
  readonly mainThread: Pick<MainThread, 'restFor'>;
  readonly timekeeper: Timekeeper;
  readonly ready: () => Readiness | Promise<Readiness>;
  /** Every module with its state. */
  readonly modules: () => readonly ModuleView[];
  /**
   * Reads the modules again. Resolves to true if the scan has ended within this many ms, or to false if it continues.
   */
  readonly rescanModules: (mostMs: number) => Promise<boolean>;
  /** The tasks of modules. */
  readonly tasks: TaskRecords;
  /** The schedules of a module. */
  readonly schedules: (type: string, name: string) => readonly ScheduleState[];
  readonly moduleRequests: ModuleRequests;
  readonly testServer: TestServer;
  readonly moduleLifecycle: ModuleLifecycle;
  readonly moduleSettings: ModuleSettings;
  readonly moduleLog: ModuleLogReader;
  readonly installModule: InstallModule;
  readonly listener: Listener;
  /** This signal is aborted when the daemon stops. Streams then end. */
  readonly stopping: AbortSignal;
}

export type Route = (app: App, context: RouteContext) => void;
