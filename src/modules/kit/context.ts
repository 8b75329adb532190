/**
 * The context that a module's step gets while it runs in a worker thread. The step cannot access remote systems itself:
 * the main thread performs every call, because only the main thread has the service, its mark, its container number and
 * the drivers. Module code never gets a client for a remote system, the stored state, another service or the text of a
 * secret.
 */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Plan } from '../../model/plan.js';
import type { Snapshot } from '../../model/guest.js';
import type { SuspensionReason } from '../../model/service.js';
import type { HostFunctions } from './host-calls.js';

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
 * The context of a step. The calls in `container`, `ha`, `dns`, `proxy`, `site` and `secrets` are documented in
 * `host-calls.ts`.
 */
export interface StepContext extends Omit<HostFunctions, 'plan' | 'data'> {
  readonly service: ServiceView;
  /** The product's settings from the time when the job was accepted, checked against the product's schema. */
  readonly settings: JsonObject;
  readonly args: JsonObject;
  readonly step: string;
  /** Notes of this step from an earlier run. */
  readonly notes: Readonly<JsonObject>;
  /** Results of the completed steps. */
  readonly results: Readonly<Record<string, Json>>;
  /** Aborted when the job is stopped, exceeds its time limit, or fails in another step. */
  readonly signal: AbortSignal;
  note(values: JsonObject): Promise<void>;
  /** Resolves after `ms`, or rejects when `signal` aborts. */
  sleep(ms: number): Promise<void>;
  readonly log: Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: JsonObject) => void>;
  /** Throws `plan_too_small` when the service's present usage does not fit into the job's plan. */
  readonly checkPlan: () => Promise<void>;
  /**
   * Merges the values into the service's data (the framework's provision data). They are durable when the promise
   * resolves.
   */
  readonly saveData: (values: JsonObject) => Promise<void>;
}
