/**
 * Every call that a step can make, each written once: the context of a step, the messages between the threads and the
 * table of effects are made from this. The main thread answers, which knows the service, its mark, its container
 * number and the drivers. Arguments and answers cross the border of the thread, so both are plain data.
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
} from './values.js';

/** The types alone: at run time a call is its name. */
interface HostCall<Args extends unknown[], Answer> {
  readonly args?: Args;
  readonly answer?: Answer;
}

const call = <Args extends unknown[] = [], Answer = void>(): HostCall<Args, Answer> => ({});

export const HOST_CALLS = {
  container: {
    /**
     * Confirms number and addresses against the cluster (others replace those that turn out to be taken) and chooses
     * the node.
     */
    allocate: call<[source: ContainerSource], { vmid: number; node: string }>(),
    /** Clones or creates on the allocated node; not started. Repeatable. */
    ensure: call<[source: ContainerSource], { vmid: number; node: string }>(),
    start: call(),
    /** Runs a script as root inside; a non-zero exit throws `recipe_failed` with the last lines of stderr as detail. */
    run: call<[script: ScriptCall], ScriptResult>(),
    /** Graceful, after `graceS` seconds forced; done when it is stopped or absent. */
    stop: call<[graceS: number]>(),
    /**
     * Brings memory, swap and cores to the plan the service has, or to the one the job is about; with `disk` the disk
     * too, which only grows.
     */
    resize: call<[request: ResizeRequest]>(),
    /**
     * Brings the container that exists to what the service has now: resources, disk, network, mark, firewall. Throws
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
    /** Throws `plan_too_small` when what the service has now does not fit into the plan that the job is about. */
    check: call(),
  },
  dns: { ensure: call(), remove: call() },
  proxy: {
    /** Serves all names of the service but `without`. Upstream is the first private address at this port. */
    ensure: call<[request: { state: ProxyState; port: number; without?: readonly string[] }]>(),
    remove: call(),
  },
  site: {
    /** One request to the service's own site, as a visitor makes it; redirects are not followed. */
    fetch: call<[request: SiteRequestCall], SiteAnswerView>(),
  },
  secrets: {
    /**
     * The named secret; made (letters and digits; default: 24) when it does not exist yet. Kept encrypted with the
     * service.
     */
    ensure: call<[name: string, length?: number], SecretRef>(),
  },
  data: {
    /** Merges into the service's data (the framework's provision data); durable when it resolves. */
    save: call<[values: JsonObject]>(),
  },
} as const;

type Table = typeof HOST_CALLS;

/** What a step has: `container.start()`. */
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

/** The functions of all calls, each of which `ask` carries out. */
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
  // the table's own names, with the types that it gives them
  return Object.fromEntries(groups) as HostFunctions;
}
