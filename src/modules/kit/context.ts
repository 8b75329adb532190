/**
 * What module code gets while one of its steps runs. It lives in a worker thread; every call is answered by the main thread, which knows the
 * service, its mark, its container number and the drivers. Module code never holds a raw client, the state, another service or a secret's text.
 */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Plan } from '../../model/plan.js';
import type { Snapshot, SnapshotKind } from '../../model/guest.js';
import type { SuspensionReason } from '../../model/service.js';
import type { ProxyState } from '../../model/proxy-state.js';

/** A secret by its name; the main thread puts the value in where it is used. */
export interface SecretRef {
  readonly secret: string;
}

export interface ServiceView {
  readonly panel: string;
  readonly id: string;
  readonly generation: number;
  readonly email: string;
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

export interface ScriptCall {
  /** e.g. `wordpress/install` */
  readonly name: string;
  readonly body: string;
  readonly values: Readonly<Record<string, string | SecretRef>>;
  /** Seconds; default 300. */
  readonly timeoutS?: number;
}

export interface ScriptResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface SiteRequestCall {
  /** Absolute path with query. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string | SecretRef>>;
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface SiteAnswerView {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ContainerSource {
  readonly kind: 'template' | 'os';
  /** Template name for `template`; ignored for `os` (the configured OS template). */
  readonly template?: string;
}

export interface ContainerLook {
  readonly power: 'running' | 'stopped' | 'absent';
  /** GiB; 0 when absent. */
  readonly diskGb: number;
}

export interface ResizeWish {
  readonly plan: 'present' | 'wished';
  readonly disk: boolean;
}

export interface StepContext {
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
  readonly container: {
    /** Confirms number and addresses against the cluster (others replace those that turn out to be taken) and chooses the node. */
    allocate(source: ContainerSource): Promise<{ vmid: number; node: string }>;
    /** Clones or creates on the allocated node; not started. Repeatable. */
    ensure(source: ContainerSource): Promise<{ vmid: number; node: string }>;
    start(): Promise<void>;
    /** Runs a script as root inside; a non-zero exit throws `recipe_failed` with the last lines of stderr as detail. */
    run(script: ScriptCall): Promise<ScriptResult>;
    /** Graceful, after `graceS` seconds forced; done when it is stopped or absent. */
    stop(graceS: number): Promise<void>;
    /** Brings memory, swap and cores to the plan the service has, or to the one the job is about; with `disk` the disk too, which only grows. */
    resize(wish: ResizeWish): Promise<void>;
    /** Brings the container that exists to what the service has now: resources, disk, network, mark, firewall. Throws when it is absent. */
    converge(source: ContainerSource): Promise<void>;
    snapshot(name: string, description: string, kind: SnapshotKind): Promise<void>;
    unsnapshot(name: string): Promise<void>;
    /** Leaves the container stopped. */
    rollback(name: string): Promise<void>;
    look(): Promise<ContainerLook>;
    remove(): Promise<void>;
  };
  readonly ha: { ensure(): Promise<void>; remove(): Promise<void> };
  /** Throws `plan_too_small` when what the service has now does not fit into the plan that the job is about. */
  checkPlan(): Promise<void>;
  readonly dns: { ensure(): Promise<void>; remove(): Promise<void> };
  readonly proxy: {
    /** Serves all names of the service but `without`. Upstream is the first private address at this port. */
    ensure(wish: { state: ProxyState; port: number; without?: readonly string[] }): Promise<void>;
    remove(): Promise<void>;
  };
  /** One request to the service's own site through the public door; redirects are not followed. */
  readonly site: { fetch(request: SiteRequestCall): Promise<SiteAnswerView> };
  readonly secrets: {
    /** The named secret; made (random, letters and digits) when it does not exist yet. Kept encrypted with the service. */
    ensure(name: string, length?: number): Promise<SecretRef>;
  };
  /** Merges into the service's data (the framework's provision data); durable when it resolves. */
  saveData(values: JsonObject): Promise<void>;
}
