/**
 * Declares every call that a step can make. The context of a step, the messages between the threads and the table of
 * effects are derived from these declarations. The main thread performs the calls, because only the main thread has the
 * service, its mark, its VMID and the drivers. Arguments and results are sent between threads, so both are
 * plain data.
 */
import type { SnapshotKind } from '../../model/guest.js';
import type { ProxyState } from '../../model/proxy-state.js';
import type { JsonObject } from '../../kernel/json.js';
import type {
  CollectionRef,
  NewStoredDocument,
  StoredData,
  StoredDocument,
  StoredPage,
  StoredQuery,
} from './collection-types.js';
import type {
  ContainerLook,
  ContainerSource,
  ResizeRequest,
  ScriptCall,
  ScriptResult,
  SiteAnswerView,
  SiteRequestCall,
} from './host-call-types.js';
import type { ServerRef, ServerView } from './server-types.js';
import { call, type HostCall } from './host-call.js';
import { MODULE_CALLS } from './module-calls.js';

/** Calls of the agent's own steps in the flows that activate, update and deactivate a module. */
const LIFECYCLE_CALLS = {
  lifecycle: {
    /** Waits for the running jobs of the module, and changes copies of its documents. */
    prepare: call(),
    /** Removes what `prepare` has made. */
    discard: call(),
    /** Removes the data of the module if the operator has asked for it. */
    finish: call(),
  },
} as const;

export const HOST_CALLS = {
  container: {
    /**
     * Checks with the cluster that the VMID and addresses are free, replaces those that are in use, and
     * chooses the node.
     */
    allocate: call<[source: ContainerSource], { vmid: number; node: string }>(),
    /** Clones or creates the container on the allocated node, without starting it. Repeatable. */
    ensure: call<[source: ContainerSource], { vmid: number; node: string }>(),
    /**
     * Checks that the container could be created from this image on its node. Throws `template_missing`. Changes
     * nothing.
     */
    checkImage: call<[source: ContainerSource]>(),
    start: call(),
    /**
     * Runs a script as root in the container. If the exit code is not zero, throws `recipe_failed` with the last lines
     * of stderr as detail.
     */
    run: call<[script: ScriptCall], ScriptResult>(),
    /**
     * Shuts the container down gracefully, or forcibly after `graceS` seconds. Resolves when the container is stopped
     * or does not exist.
     */
    stop: call<[graceS: number]>(),
    /**
     * Sets memory, swap and cores to the values of the service's plan or of the job's plan. With `disk`, also enlarges
     * the disk; a disk is never made smaller.
     */
    resize: call<[request: ResizeRequest]>(),
    /**
     * Changes the resources, disk, network, mark and firewall of the existing container to match the service's record.
     * Throws when the container does not exist.
     */
    converge: call<[source: ContainerSource]>(),
    snapshot: call<[name: string, description: string, kind: SnapshotKind]>(),
    unsnapshot: call<[name: string]>(),
    /** Rolls the container back to a snapshot. The container is stopped afterwards. */
    rollback: call<[name: string]>(),
    look: call<[], ContainerLook>(),
    remove: call(),
  },
  ha: { ensure: call(), remove: call() },
  plan: {
    /** Throws `plan_too_small` when the service's present usage does not fit into the job's plan. */
    check: call(),
  },
  dns: { ensure: call(), remove: call() },
  proxy: {
    /**
     * Makes the proxy serve all names of the service except `without`. The proxy forwards to the first private address
     * of the container, at this port.
     */
    ensure: call<[request: { state: ProxyState; port: number; without?: readonly string[] }]>(),
    remove: call(),
  },
  site: {
    /** Sends a request to the service's own site in the same way as a visitor. Redirects are not followed. */
    fetch: call<[request: SiteRequestCall], SiteAnswerView>(),
  },
  servers: {
    /**
     * Chooses a server for the service, unless it has one already. Throws `capacity_exhausted` if no server of the
     * group that the plan names has room; the job then waits.
     */
    allocate: call<[], ServerRef>(),
    /** The server of the service as it is recorded now; null if none was chosen yet. */
    current: call<[], ServerView | null>(),
  },
  /** Steps call these through `Collections`, which checks the documents with the module's schema. */
  collections: {
    create: call<[at: CollectionRef, document: NewStoredDocument], StoredDocument>(),
    insertMany: call<[at: CollectionRef, documents: readonly NewStoredDocument[]]>(),
    get: call<[at: CollectionRef, key: string], StoredDocument | null>(),
    page: call<[at: CollectionRef, query: StoredQuery], StoredPage>(),
    update: call<[at: CollectionRef, key: string, data: StoredData, version: number], StoredDocument>(),
    delete: call<[at: CollectionRef, key: string, version?: number], boolean>(),
  },
  data: {
    /**
     * Merges the values into the service's data (the framework's provision data). They are durable when the promise
     * resolves.
     */
    save: call<[values: JsonObject]>(),
  },
  ...MODULE_CALLS,
  ...LIFECYCLE_CALLS,
} as const;

type Table = typeof HOST_CALLS;

/** The functions that a step can call, for example `container.start()`. */
export type HostFunctions = {
  readonly [Group in keyof Table]: {
    readonly [Name in keyof Table[Group]]: Table[Group][Name] extends HostCall<infer Args, infer Answer>
      ? (...args: Args) => Promise<Answer>
      : never;
  };
};

type NamesIn<T> = { [G in keyof T & string]: `${G}.${keyof T[G] & string}` }[keyof T & string];

/** `container.start` */
export type HostCallName = NamesIn<Table>;

/** A call that the code of every module can make, such as `cache.get`. */
export type ModuleCallName = NamesIn<typeof MODULE_CALLS>;

export function isModuleCall(name: string): name is ModuleCallName {
  const [group = '', call = ''] = name.split('.');
  return (
    Object.hasOwn(MODULE_CALLS, group) &&
    Object.hasOwn(MODULE_CALLS[group as keyof typeof MODULE_CALLS], call)
  );
}
/** A call that only the agent's own steps of a module's job can make. */
export type LifecycleCallName = NamesIn<typeof LIFECYCLE_CALLS>;

/** A call that only a step of a service's job can make. */
export type ServiceCallName = Exclude<HostCallName, ModuleCallName | LifecycleCallName>;

type FunctionOf<N extends HostCallName> = N extends `${infer G extends keyof Table}.${infer M}`
  ? M extends keyof HostFunctions[G]
    ? HostFunctions[G][M]
    : never
  : never;

export type HostCallArgs<N extends HostCallName> =
  FunctionOf<N> extends (...args: infer Args) => unknown ? Args : never;
export type HostCallAnswer<N extends HostCallName> =
  FunctionOf<N> extends (...args: never[]) => Promise<infer Answer> ? Answer : never;

/** Creates the functions for all calls. Each function passes its name and arguments to `ask`. */
export function hostFunctions(ask: (name: HostCallName, args: unknown[]) => Promise<unknown>): HostFunctions {
  const groups = Object.entries(HOST_CALLS).map(([group, calls]) => [
    group,
    Object.fromEntries(
      Object.keys(calls).map((name) => [
        name,
        (...args: unknown[]) => ask(`${group}.${name}` as HostCallName, args),
      ]),
    ),
  ]);
  // the object has the names of the table, so it has the type that is derived from the table
  return Object.fromEntries(groups) as HostFunctions;
}
