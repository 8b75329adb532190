/**
 * Declares every call that a step can make. The context of a step, the messages between the threads and the table of
 * effects are derived from it. The main thread performs the calls: it has the service, its mark, its container number
 * and the drivers. Arguments and results are sent between threads, so both are plain data.
 */
import type { SnapshotKind } from '../../model/guest.js';
import type { ProxyState } from '../../model/proxy-state.js';
import type { JsonObject } from '../../kernel/json.js';
import type {
  ContainerLook,
  ContainerSource,
  ResizeRequest,
  ScriptCall,
  ScriptResult,
  SecretRef,
  SiteAnswerView,
  SiteRequestCall,
} from './host-call-types.js';

/** Only types: at run time a call is its name. */
interface HostCall<Args extends unknown[], Answer> {
  readonly args?: Args;
  readonly answer?: Answer;
}

const call = <Args extends unknown[] = [], Answer = void>(): HostCall<Args, Answer> => ({});

export const HOST_CALLS = {
  container: {
    /**
     * Checks number and addresses against the cluster, replaces those that are in use, and chooses the node.
     */
    allocate: call<[source: ContainerSource], { vmid: number; node: string }>(),
    /** Clones or creates the container on the allocated node, without starting it. Repeatable. */
    ensure: call<[source: ContainerSource], { vmid: number; node: string }>(),
    start: call(),
    /**
     * Runs a script as root in the container; a non-zero exit throws `recipe_failed` with the last lines of stderr as
     * detail.
     */
    run: call<[script: ScriptCall], ScriptResult>(),
    /** Shuts down gracefully, and forcibly after `graceS` seconds; done when the container is stopped or absent. */
    stop: call<[graceS: number]>(),
    /**
     * Sets memory, swap and cores to the service's plan or the job's plan; with `disk` also the disk, which only grows.
     */
    resize: call<[request: ResizeRequest]>(),
    /**
     * Sets the existing container to the service's present state: resources, disk, network, mark, firewall. Throws
     * when it is absent.
     */
    converge: call<[source: ContainerSource]>(),
    snapshot: call<[name: string, description: string, kind: SnapshotKind]>(),
    unsnapshot: call<[name: string]>(),
    /** Leaves the container stopped. */
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
    /** Serves all names of the service except `without`. The upstream is the first private address at this port. */
    ensure: call<[request: { state: ProxyState; port: number; without?: readonly string[] }]>(),
    remove: call(),
  },
  site: {
    /** Sends a request to the service's own site, as a visitor would; redirects are not followed. */
    fetch: call<[request: SiteRequestCall], SiteAnswerView>(),
  },
  secrets: {
    /**
     * The named secret; generated (letters and digits, 24 by default) when it does not exist yet. Stored encrypted
     * with the service.
     */
    ensure: call<[name: string, length?: number], SecretRef>(),
  },
  data: {
    /** Merges into the service's data (the framework's provision data); durable when it resolves. */
    save: call<[values: JsonObject]>(),
  },
} as const;

type Table = typeof HOST_CALLS;

/** The functions of a step: `container.start()`. */
export type HostFunctions = {
  readonly [Group in keyof Table]: {
    readonly [Name in keyof Table[Group]]: Table[Group][Name] extends HostCall<infer Args, infer Answer>
      ? (...args: Args) => Promise<Answer>
      : never;
  };
};

/** `container.start` */
export type HostCallName = { [G in keyof Table]: `${G}.${keyof Table[G] & string}` }[keyof Table];

type FunctionOf<N extends HostCallName> = N extends `${infer G extends keyof Table}.${infer M}`
  ? M extends keyof HostFunctions[G]
    ? HostFunctions[G][M]
    : never
  : never;

export type HostCallArgs<N extends HostCallName> =
  FunctionOf<N> extends (...args: infer Args) => unknown ? Args : never;
export type HostCallAnswer<N extends HostCallName> =
  FunctionOf<N> extends (...args: never[]) => Promise<infer Answer> ? Answer : never;

/** The functions of all calls; `ask` performs each of them. */
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
  // the names of the table, with its types
  return Object.fromEntries(groups) as HostFunctions;
}
