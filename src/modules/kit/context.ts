/**
 * The context that a module's step gets while it runs in a worker thread. The step cannot access remote systems itself:
 * the main thread performs every call, because only the main thread has the service, its mark, its VMID and
 * the drivers. Module code never gets a client for a remote system, the stored state, another service or the text of a
 * secret.
 */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Plan } from '../../model/plan.js';
import type { Snapshot } from '../../model/guest.js';
import type { SuspensionReason } from '../../model/service.js';
import type { Collections } from './collection-types.js';
import type { HostFunctions } from './host-calls.js';
import type { CacheOptions } from './module-call-types.js';
import type { ServerView } from './server-types.js';
import type { Render } from './render-view.js';
import type { Translate } from './translate.js';
import type { WaitUntil } from './wait-until.js';

export interface ServiceView {
  readonly panel: string;
  readonly id: string;
  readonly generation: number;
  readonly email: string;
  /** The customer's language (BCP 47), from the order or the panel. Null if neither has one. */
  readonly locale: string | null;
  /** Null when the product has no part `guest`. Products with this part read it with `guestOf`. */
  readonly guest: GuestView | null;
  /** Null when the product has no part `site`. Products with this part read it with `siteOf`. */
  readonly site: SiteView | null;
  readonly publicIps: readonly string[];
  readonly plan: Plan;
  readonly data: JsonObject;
  readonly properties: JsonObject;
  /** Empty unless suspended. */
  readonly suspendedFor: readonly SuspensionReason[];
}

/** The container of a service. */
export interface GuestView {
  /** Private addresses; the proxy forwards to the first. */
  readonly addresses: readonly string[];
  /** The power state after the last completed job, if known. */
  readonly power: 'running' | 'stopped' | null;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
}

/** The website of a service. */
export interface SiteView {
  readonly subdomain: string;
  readonly fqdn: string;
  /** `https://<primary name of the site>` */
  readonly url: string;
  /** All names at which the site is served, `fqdn` first. */
  readonly names: readonly string[];
  /** False after the customer disabled the proxy hosts. */
  readonly proxyEnabled: boolean;
}

/**
 * Writes lines to the log of the agent and to the log of the module. `fields` may hold the request and response of an
 * API: passwords, tokens and cookies in them are left out.
 */
export interface ModuleLogger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
  /** A logger that adds these fields to each line. */
  readonly with: (fields: JsonObject) => ModuleLogger;
}
type LogFunction = (message: string, fields?: JsonObject) => void;

type CacheCalls = HostFunctions['cache'];

/** The cache of the module, which all its jobs and tasks share. Values may be dropped at any time. */
export interface ModuleCacheFunctions extends CacheCalls {
  /** Returns the value with this key. If there is none, computes it with `make`, and keeps it unless it is null. */
  remember<T extends Json>(key: string, options: CacheOptions, make: () => Promise<T> | T): Promise<T>;
}

/**
 * What the code of every module can use, also if it does not work on a service. The calls are documented in
 * `module-calls.ts`.
 */
export interface ModuleFunctions extends Pick<
  HostFunctions,
  'secrets' | 'http' | 'crypto' | 'probe' | 'alerts' | 'services' | 'mail' | 'tasks' | 'events'
> {
  readonly cache: ModuleCacheFunctions;
  readonly log: ModuleLogger;
  /** The same function as `secrets.password`. */
  readonly password: HostFunctions['secrets']['password'];
  /**
   * Runs `work` and counts its duration in the metric `innkeeper_module_run_duration_seconds`, with this name as a
   * label. A module can use 50 names, of lower-case letters, digits and underscores.
   */
  measure<T>(name: string, work: () => Promise<T> | T): Promise<T>;
  /**
   * The text with this key from `lang/<locale>.json`, in the language of the service. If a language lacks the text, the
   * next more general one is used, then English, then the key itself. Throws `module_failed` if a value is missing.
   */
  readonly t: Translate;
  /**
   * Renders `views/<name>.eta` with `it` as the data; `it.t` is the function above. Values are escaped. Throws
   * `module_failed` with the error of the template.
   */
  readonly view: Render;
}

/** What `activate`, `update` and `deactivate` of a module can use. */
export interface LifecycleContext
  extends
    ModuleFunctions,
    Pick<StepContext, 'settings' | 'step' | 'notes' | 'note' | 'sleep' | 'signal' | 'collections'> {
  readonly service: null;
}

/**
 * The context of a step. The calls in `container`, `ha`, `dns`, `proxy`, `site` and `servers` are documented in
 * `host-calls.ts`.
 */
export interface StepContext
  extends Pick<HostFunctions, 'container' | 'ha' | 'dns' | 'proxy' | 'site' | 'servers'>, ModuleFunctions {
  readonly service: ServiceView;
  /** The product's settings from the time when the job was accepted, checked against the product's schema. */
  readonly settings: JsonObject;
  /** The plan of the job, with its product data as `data`. For an upgrade, this is the requested plan. */
  readonly plan: Plan;
  readonly args: JsonObject;
  /** The server of the service; null if the product uses no servers, or if none was chosen yet. */
  readonly server: ServerView | null;
  readonly step: string;
  /** Notes of this step from an earlier run. */
  readonly notes: Readonly<JsonObject>;
  /** Results of the completed steps. */
  readonly results: Readonly<Record<string, Json>>;
  /** Aborted when the job is stopped, exceeds its time limit, or fails in another step. */
  readonly signal: AbortSignal;
  note(values: JsonObject): Promise<void>;
  /**
   * Waits for a condition, without a thread, and across restarts of the agent. See `wait-until.ts`: the step runs again
   * from its beginning.
   */
  readonly waitUntil: WaitUntil;
  /** Resolves after `ms`, or rejects when `signal` aborts. */
  sleep(ms: number): Promise<void>;
  /** The documents of the module's collections. Undefined if the module declares no collections. */
  readonly collections: Collections;
  /** Throws `plan_too_small` when the service's present usage does not fit into the job's plan. */
  readonly checkPlan: () => Promise<void>;
  /**
   * Merges the values into the service's data (the framework's provision data). They are durable when the promise
   * resolves.
   */
  readonly saveData: (values: JsonObject) => Promise<void>;
}
