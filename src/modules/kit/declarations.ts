/**
 * The declarations of a module as plain data. A child process reads them from the module's class (`discovery/`). The
 * main thread uses only this data and never runs the module's code.
 */
import type { JsonObject } from '../../kernel/json.js';
import type { JobPolicy } from '../../model/job.js';
import type { OwnerEmailRule } from '../../model/owner-email.js';
import type { Part } from '../../model/part.js';
import type { ServerRules } from '../../model/server.js';
import type { ModuleInfo } from './module.js';
import type { PlanLimits, TemplateRecipe } from './product.js';
import type { ContainerSource } from './host-call-types.js';
import type { Reading } from './reading.js';
import type { RouteMethod } from './routes.js';

/** Methods of a module that check data. They run in a process of their own. */
export const MODULE_CHECKS = ['checkProduct', 'checkService'] as const;
export type ModuleCheck = (typeof MODULE_CHECKS)[number];

/** Methods of a module that run when it is activated, updated or deactivated. */
export const LIFECYCLE_METHODS = ['activate', 'update', 'deactivate'] as const;
export type LifecycleMethod = (typeof LIFECYCLE_METHODS)[number];

export interface DeclaredAction {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schema; null if the action has no input. */
  readonly input: JsonObject | null;
}

export interface Declarations {
  readonly info: ModuleInfo;
  /** JSON Schema of the module's settings. */
  readonly settingsSchema: JsonObject;
  /** JSON Schema of the product data that a plan holds; null if the module declares none. */
  readonly productData: JsonObject | null;
  /** JSON Schema of the data of a service; null if the module declares none. */
  readonly serviceData: JsonObject | null;
  /** The checks that the module has in addition to the schemas. */
  readonly checks: readonly ModuleCheck[];
  /** The product's own actions. */
  readonly actions: readonly DeclaredAction[];
  readonly parts: readonly Part[];
  /** Limits of the sizes of plans; null if the module declares none. */
  readonly planLimits: PlanLimits | null;
  /** Null if the module creates no accounts on servers. */
  readonly servers: ServerRules | null;
  /** Kinds of jobs for which the module has a flow. */
  readonly abilities: readonly string[];
  /** What the module reads in addition to its own records. */
  readonly reads: readonly Reading[];
  /** Maps a kind of job to the values that differ from the default policy. */
  readonly policies: Readonly<Record<string, Partial<JobPolicy>>>;
  /** The source of new containers with the module's present settings; null if it needs no container. */
  readonly source: ContainerSource | null;
  /** The module's golden template with its present settings; null if it needs none. */
  readonly template: TemplateRecipe | null;
  /**
   * Path and query of a log-in link, with the placeholders `{id}` and `{token}`; null if the module does not support
   * log-in links.
   */
  readonly loginPath: string | null;
  /** The addresses that the product's sites keep unchanged; null if they keep every address unchanged. */
  readonly ownerEmail: OwnerEmailRule | null;
  readonly collections: Readonly<Record<string, DeclaredCollection>>;
  readonly migrations: readonly DeclaredMigration[];
  readonly work: DeclaredWork;
  readonly lifecycle: readonly LifecycleMethod[];
  /** Earlier versions whose interrupted jobs this version continues; `*` stands for all. */
  readonly resumes: readonly string[];
  readonly routes: DeclaredRoutes;
  /** JSON Schema of the data of an instance; null for modules that have no instances. */
  readonly instance: JsonObject | null;
}

/** What the module declares about requests that reach it. */
export interface DeclaredRoutes {
  readonly permissions: readonly {
    readonly key: string;
    readonly name: string;
    readonly description: string;
  }[];
  readonly api: readonly DeclaredRoute[];
  readonly pages: readonly DeclaredRoute[];
  readonly sidebar: readonly DeclaredSidebarEntry[];
  readonly static: readonly DeclaredStaticRoute[];
  readonly webhooks: DeclaredWebhooks;
}

export interface DeclaredRoute {
  readonly method: RouteMethod;
  /** `server/{uuid}` */
  readonly path: string;
  readonly permission: string;
  readonly name: string | null;
  /** Requests per minute of one token; null: the limits of the API. */
  readonly rateLimit: number | null;
  /** JSON Schema of the body; null if the route does not declare it. */
  readonly input: JsonObject | null;
}

export interface DeclaredStaticRoute {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Requests per minute of one address. */
  readonly rateLimit: number;
}

export interface DeclaredWebhooks {
  readonly get: boolean;
  readonly post: boolean;
  /** Requests per minute of one instance. */
  readonly rateLimit: number;
}

export interface DeclaredSidebarEntry {
  readonly title: string;
  readonly link: string;
  readonly activeLinks: readonly string[];
  readonly permission: string;
}

export interface DeclaredCollection {
  /** JSON Schema of the documents. */
  readonly schema: JsonObject;
  readonly indexes: Readonly<Record<string, readonly string[]>>;
  readonly unique: Readonly<Record<string, readonly string[]>>;
  readonly encrypted: readonly string[];
  readonly service: boolean;
}

export interface DeclaredMigration {
  readonly from: string;
  readonly to: string;
  /** Null: all collections. */
  readonly collections: readonly string[] | null;
}

/** What a module does apart from the jobs of its services. */
export interface DeclaredWork {
  /** Number of tasks that run at the same time. */
  readonly concurrency: number;
  /** The functions of tasks, with the values that differ from the default policy. */
  readonly tasks: Readonly<Record<string, Partial<JobPolicy>>>;
  readonly schedules: Readonly<Record<string, DeclaredSchedule>>;
  /** The handlers of events, with the values that differ from the default policy. */
  readonly on: Readonly<Record<string, Partial<JobPolicy>>>;
}

/** Either `everyS` or `cron` is null. */
export interface DeclaredSchedule {
  readonly everyS: number | null;
  readonly cron: string | null;
  readonly timeZone: string | null;
  readonly policy: Partial<JobPolicy>;
}
