/** The base class of every module: its name, its settings, and the jobs that it can run. */
import { AgentError } from '../../kernel/errors.js';
import type { Flow } from '../../model/flow.js';
import type { JobPolicy } from '../../model/job.js';
import { JOB_KINDS } from '../../model/job-kinds.js';
import type { CollectionDeclaration, CollectionMigration } from './collection-types.js';
import type { LifecycleContext, StepContext } from './context.js';
import type { ModuleInfo } from './module-info.js';
import type { Reading } from './reading.js';
import type { AdminRoute, ModulePermission, SidebarEntry, StaticRoute, Webhooks } from './routes.js';
import type { Schema } from './schema.js';
import type { TaskDeclaration, TaskFunction } from './task-context.js';
import type { EventDeclaration, EventHandler, ScheduleDeclaration } from './work-types.js';

export type { ModuleInfo };

/** The flow that a job method returns. */
export type JobFlow = Flow<StepContext>;

export abstract class Module {
  abstract readonly info: ModuleInfo;
  /** Schema of the module's settings in the config file. Unknown keys are refused. */
  abstract readonly settings: Schema;

  /** The records of the agent that the module reads in addition to its own. The code can read no others. */
  readonly reads: readonly Reading[] = [];

  /** Collections of the module's own documents, by their names. Steps reach them through `ctx.collections`. */
  readonly collections?: Readonly<Record<string, CollectionDeclaration>>;
  /** Changes the documents of earlier versions, oldest first. */
  readonly migrations?: readonly CollectionMigration[];

  /** Permissions that tokens can get: `module:<type>/<name>:<key>`. Every module also has `configuration`. */
  readonly permissions?: readonly ModulePermission[];
  /** Routes below `/modules/{type}/{name}/api/`, for callers with a token. */
  readonly adminApiRoutes?: readonly AdminRoute[];
  /** Pages of the dashboard. This release checks them, but does not serve them yet. */
  readonly adminWebRoutes?: readonly AdminRoute[];
  /** Entries of the dashboard's sidebar. */
  readonly sidebar?: readonly SidebarEntry[];
  /** Routes that need no token, at `/modules/{type}/{name}/static/<name>`. */
  readonly staticRoutes?: Readonly<Record<string, StaticRoute>>;
  /** Handlers of requests that other systems send to `/webhooks/{type}/{name}/{instance}`. */
  readonly webhooks?: Webhooks;

  /**
   * The functions that `context.tasks.add` can call, by name (letters and digits, beginning with a lower-case letter).
   */
  readonly tasks?: Readonly<Record<string, TaskFunction | TaskDeclaration>>;
  /** Recurring work, by name. Each run is a task. */
  readonly schedules?: Readonly<Record<string, ScheduleDeclaration>>;
  /**
   * Handlers of events, by type: events of services such as `service.active`, and events of modules,
   * `module:<type>/<name>:<word>`. Each call is a task.
   */
  readonly on?: Readonly<Record<string, EventHandler | EventDeclaration>>;
  /** Number of tasks of the module that run at the same time, at most 16. Default: 4. */
  readonly concurrency?: number;

  /**
   * Earlier versions whose interrupted jobs this version can continue; `*` stands for all. The steps of such a job are
   * matched by name. Default: an operator decides about these jobs.
   */
  readonly resumes?: readonly string[];

  /**
   * Called before the module is used for the first time, and again after it was deactivated. If it throws, the module
   * is not used. If something has to be undone then, define `activateJob(): JobFlow` instead.
   */
  activate?(context: LifecycleContext): unknown;
  /**
   * Called before this version replaces the version `fromVersion`. No other job of the module runs meanwhile. The
   * documents of collections are changed by `migrations`, and cannot be used here. If it throws, the former version
   * stays in use. If something has to be undone then, define `updateJob(fromVersion): JobFlow` instead.
   */
  update?(context: LifecycleContext, fromVersion: string): unknown;
  /** Called when the module is deactivated. Its data stays, unless the operator purges it. */
  deactivate?(context: LifecycleContext): unknown;

  /**
   * The kinds of jobs for which the module has a flow. The agent refuses requests for other kinds with 409
   * `not_supported`. The agent reads this list once per version of the module.
   */
  get abilities(): readonly string[] {
    return Object.keys(JOB_KINDS).filter((kind) => typeof Reflect.get(this, `${kind}Job`) === 'function');
  }

  /** The flow of a job (`create` -> `createJob()`). */
  flow(method: string): JobFlow {
    const found: unknown = Reflect.get(this, `${method}Job`);
    if (typeof found !== 'function') {
      throw new AgentError('module_failed', 'The product does not support this.', {
        detail: `${this.info.name} has no ${method}Job`,
      });
    }
    return Reflect.apply(found, this, []) as JobFlow;
  }

  /** The values of the policy for this method that differ from the default policy. */
  policy(_method: string): Partial<JobPolicy> {
    return {};
  }
}
