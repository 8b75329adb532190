/**
 * What module code gets while one of its steps runs. It lives in a worker thread; every call is answered by the main
 * thread, which knows the service, its mark, its container number and the drivers. Module code never holds a raw
 * client, the state, another service or a secret's text.
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
  /** The customer's language (BCP 47): of the order, or of the panel. Null: neither says. */
  readonly locale: string | null;
  /** Null when the product has no part `guest`; `guestOf` reads it where there is one for certain. */
  readonly guest: GuestView | null;
  /** Null when the product has no part `site`; `siteOf` reads it where there is one for certain. */
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
  /** Private addresses; the first is the one that the proxy leads to. */
  readonly addresses: readonly string[];
  /** What the last completed job made of it, if that is known. */
  readonly power: 'running' | 'stopped' | null;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
}

/** The website of a service. */
export interface SiteView {
  readonly subdomain: string;
  readonly fqdn: string;
  /** `https://<its primary name>` */
  readonly url: string;
  /** All names it is served at, `fqdn` first. */
  readonly names: readonly string[];
  /** False after the customer switched the proxy hosts off. */
  readonly proxyEnabled: boolean;
}

/** `container`, `ha`, `dns`, `proxy`, `site`, `secrets`: the calls of `host-calls.ts`. */
export interface StepContext extends Omit<HostFunctions, 'plan' | 'data'> {
  readonly service: ServiceView;
  /** The product's settings, checked by its schema, pinned in the job. */
  readonly settings: JsonObject;
  readonly args: JsonObject;
  readonly step: string;
  /** What this step noted in an earlier try. */
  readonly notes: Readonly<JsonObject>;
  /** Results of the steps that are done. */
  readonly results: Readonly<Record<string, Json>>;
  /** Aborted when the job is stopped, timed out or failing elsewhere. */
  readonly signal: AbortSignal;
  note(values: JsonObject): Promise<void>;
  /** Waits `ms` or rejects when aborted. */
  sleep(ms: number): Promise<void>;
  readonly log: Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: JsonObject) => void>;
  /** Throws `plan_too_small` when what the service has now does not fit into the plan that the job is about. */
  readonly checkPlan: () => Promise<void>;
  /** Merges into the service's data (the framework's provision data); durable when it resolves. */
  readonly saveData: (values: JsonObject) => Promise<void>;
}
