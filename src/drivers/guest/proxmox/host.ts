/**
 * The code that all operations of the driver share. Before an operation changes a container, it must find the
 * container, read its config, and check that the container is ours.
 */
import type { ProxmoxConfig } from './config.js';
import { pause } from '../../../kernel/async/pause.js';
import { poll, type Polling } from '../../../kernel/async/poll.js';
import { retry } from '../../../kernel/async/retry.js';
import type { Clock } from '../../../kernel/clock.js';
import { AgentError } from '../../../kernel/errors.js';
import { findMark, formatMark, sameMark } from '../../../kernel/mark.js';
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt, GuestLog } from '../contract.js';
import {
  CONFIG,
  MACHINE_CONFIG,
  type CtConfig,
  num,
  read,
  type Resource,
  RESOURCES,
  STATUS,
  TASKS,
  text,
  VERSION,
} from './schemas.js';
import { type PveApi, pveApi, segment } from './client.js';
import { hostFailed, isPve } from './pve-error.js';
import type { Transport } from './transport.js';

export interface Host {
  readonly config: ProxmoxConfig;
  readonly clock: Clock;
  readonly log: GuestLog;
  readonly transport: Transport;
  /**
   * Maps a VMID to the node on which the container was last seen. With this hint, the driver does not have to query
   * the whole cluster. The hint is used only if that node still has the config file of the container.
   */
  readonly seenOn: Map<number, string>;
  /**
   * Maps a VMID to the time (epoch ms) at which the response to a creation request was lost. The container may still
   * appear after this time. The time is stored here because the steps that undo a creation cannot read the notes of
   * the creation step.
   */
  readonly lostCreations: Map<number, number>;
  /**
   * Maps the VMID of a template to the storage of its root disk. Each entry also contains the node, and the time
   * (epoch ms) at which it was read.
   */
  readonly templateStorages: Map<number, { node: string; storage: string; readAt: number }>;
  /**
   * The major release of the cluster. It is read again after a while, because a cluster may be upgraded while the
   * agent runs.
   */
  release: { readonly major: number; readonly readAt: number } | undefined;
}

/** The config file of a container, and the node that has this file. */
export interface Found {
  readonly node: string;
  readonly vmid: number;
  readonly config: CtConfig;
}

export function apiOf(host: Host, call: { readonly signal: AbortSignal }): PveApi {
  return pveApi(host.transport, call.signal);
}

/** The paths under `/nodes/<node>/lxc/<vmid>`. */
export function lxcOf(host: Host, at: { readonly node: string; readonly vmid: number }, signal: AbortSignal) {
  return pveApi(host.transport, signal).nodes.$(segment(at.node)).lxc.$(at.vmid);
}

export async function readConfig(
  host: Host,
  node: string,
  vmid: number,
  signal: AbortSignal,
): Promise<CtConfig> {
  const answer: unknown = await lxcOf(host, { node, vmid }, signal).config.$get();
  return read(CONFIG, `config of ${vmid}`, answer);
}

/**
 * Reads the config of a virtual machine. The agent never owns virtual machines, but their addresses may be in the
 * agent's address pools.
 */
export async function readMachineConfig(
  host: Host,
  node: string,
  vmid: number,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const answer: unknown = await pveApi(host.transport, signal)
    .nodes.$(segment(node))
    .qemu.$(vmid)
    .config.$get();
  return read(MACHINE_CONFIG, `config of ${vmid}`, answer);
}

/**
 * Reads the status of a container. When Proxmox starts a container, it first checks the file system, which takes up to
 * a minute after a rollback. During this check, Proxmox does not respond to this request, and each such request
 * occupies one of the three workers of the node's daemon. If a request got no response, the driver therefore does not
 * query the status again until the start has ended.
 */
export async function readStatus(host: Host, at: { node: string; vmid: number }, signal: AbortSignal) {
  const until = host.clock.monotonic() + SILENT_MS;
  for (let isLast = false; ;) {
    try {
      const answer: unknown = await lxcOf(host, at, signal).status.current.$get();
      return read(STATUS, `status of ${at.vmid}`, answer);
    } catch (error) {
      if (!isPve(error, 'unknown') || isLast || host.clock.monotonic() >= until || signal.aborted)
        throw error;
      let work = await workOn(host, at, signal).catch(() => undefined);
      if (work === undefined) throw error;
      // the task that starts the container may have ended while the request was waiting
      isLast = work.length === 0;
      do {
        await pause(host.clock, SILENT_PAUSE_MS, signal);
        if (!hasStart(work)) break;
        work = await workOn(host, at, signal);
      } while (host.clock.monotonic() < until);
    }
  }
}

/** Returns whether a task is starting the container. During a start, the status must not be queried. */
export async function isBeingStarted(host: Host, at: Where, signal: AbortSignal): Promise<boolean> {
  return hasStart(await workOn(host, at, signal));
}

const hasStart = (types: readonly string[]): boolean => types.some((type) => /^vz(start|reboot)$/.test(type));

interface Where {
  readonly node: string;
  readonly vmid: number;
}

/**
 * Returns whether a task for the container is running. The driver sees tasks of other users only if the token has the
 * privilege Sys.Audit.
 */
export async function isWorkedOn(host: Host, at: Where, signal: AbortSignal): Promise<boolean> {
  return (await workOn(host, at, signal)).length > 0;
}

/**
 * Returns whether a clone task for any container is running on the node. The query cannot be limited to the new
 * container, because Proxmox lists a clone task only under the VMID of its source.
 */
export async function isCloning(host: Host, node: string, signal: AbortSignal): Promise<boolean> {
  return (await running(host, node, { typefilter: 'vzclone' }, signal)).length > 0;
}

const workOn = (host: Host, { node, vmid }: Where, signal: AbortSignal): Promise<string[]> =>
  running(host, node, { vmid }, signal);

/**
 * Returns the types of the matching tasks that are running on the node. The request does not occupy a worker of the
 * node's daemon.
 */
async function running(
  host: Host,
  node: string,
  which: { readonly vmid: number } | { readonly typefilter: string },
  signal: AbortSignal,
): Promise<string[]> {
  const { tasks } = pveApi(host.transport, signal).nodes.$(segment(node));
  const answer: unknown = await tasks.$get({ ...which, source: 'active' });
  return read(TASKS, 'tasks', answer)
    .filter((task) => task.endtime === undefined)
    .map(({ type }) => text(type));
}

export async function readResources(
  host: Host,
  signal: AbortSignal,
  type?: 'vm',
): Promise<readonly Resource[]> {
  const { cluster } = pveApi(host.transport, signal);
  const answer: unknown = await cluster.resources.$get(type === undefined ? {} : { type });
  const resources = read(RESOURCES, 'cluster resources', answer);
  // if the token has no privileges, Proxmox sends status 200 with an empty list, so an empty list does not prove that
  // nothing exists
  const sees = resources.some((one) => one.type === 'lxc' || one.type === 'qemu');
  if (!sees && host.seenOn.size > 0) await host.transport.checkStanding(signal);
  return resources;
}

const RELEASE_MS = 5 * 60_000;

export async function releaseOf(host: Host, signal: AbortSignal): Promise<number> {
  const { release } = host;
  if (release !== undefined && host.clock.monotonic() - release.readAt < RELEASE_MS) return release.major;
  const answer: unknown = await pveApi(host.transport, signal).version.$get();
  const major = Math.trunc(num(read(VERSION, 'version', answer).version.split('.')[0]));
  host.release = { major, readAt: host.clock.monotonic() };
  return major;
}

const SILENT_MS = 180_000;
const SILENT_PAUSE_MS = 1_000;

/** How long the cluster may list a container on a node after the container has moved or was destroyed. */
const CONTRADICTION_MS = 2_000;
const CONTRADICTION_PAUSES = { firstMs: 200, factor: 1.5, longestMs: 2_000 };

/**
 * Finds the container with this VMID, whether or not it has our mark. Returns undefined if there is none, or if the
 * VMID belongs to a virtual machine (see `occupant`). If the cluster keeps listing the container on a node, but this
 * node reports that the container does not exist, throws `container_host_failed`, because it is not certain that the
 * container is gone.
 */
export async function locate(host: Host, vmid: number, signal: AbortSignal): Promise<Found | undefined> {
  const hint = host.seenOn.get(vmid);
  if (hint !== undefined) {
    try {
      return { node: hint, vmid, config: await readConfig(host, hint, vmid, signal) };
    } catch (error) {
      // after any error, the next query uses the list of the cluster instead of this hint
      host.seenOn.delete(vmid);
      // possible causes: the container moved; its node died and HA moved it; or it was destroyed, and the token could
      // see it only through the privileges on its pool
      if (!isPve(error, 'missing', 'unreachable', 'unknown', 'refused')) throw error;
    }
  }
  return retry(
    () => locateOnce(host, vmid, signal),
    (error) => error instanceof AgentError && isPve(error.cause, 'missing'),
    polling(host, signal, CONTRADICTION_PAUSES, CONTRADICTION_MS),
  );
}

/**
 * Reads the config. Throws `container_host_failed` if the container disappeared or moved between the two requests.
 */
async function locateOnce(host: Host, vmid: number, signal: AbortSignal): Promise<Found | undefined> {
  const resource = (await readResources(host, signal, 'vm')).find(
    (one) => one.type === 'lxc' && num(one.vmid) === vmid,
  );
  if (resource === undefined) return undefined;
  const node = text(resource.node);
  try {
    const config = await readConfig(host, node, vmid, signal);
    host.seenOn.set(vmid, node);
    return { node, vmid, config };
  } catch (error) {
    if (!isPve(error, 'missing')) throw error;
    throw hostFailed(
      'The container host contradicts itself about the container.',
      `the cluster lists container ${vmid} on ${node}, which says: ${error.reason}`,
      error,
    );
  }
}

export function isOurs(found: Found, at: GuestAt): boolean {
  return sameMark(findMark(text(found.config.description)), at.mark);
}

/**
 * Returns the container if it has our mark. Throws `foreign_object` if it has another mark or no mark, and
 * `container_host_failed` if it does not exist.
 */
export async function requireOurs(host: Host, at: GuestAt, call: DriverCall): Promise<Found> {
  const found = await locate(host, at.vmid, call.signal);
  if (found === undefined) throw gone(at);
  if (!isOurs(found, at)) throw foreign(found, at);
  return found;
}

export function gone({ vmid }: GuestAt): AgentError {
  return hostFailed(
    'The container does not exist.',
    `no container ${vmid} in the cluster`,
    undefined,
    'gone',
  );
}

export function foreign(found: Found, at: GuestAt): AgentError {
  const carried = findMark(text(found.config.description));
  return new AgentError('foreign_object', "A container without the service's mark is in the way.", {
    role: 'container host',
    detail: `container ${at.vmid} on ${found.node} carries ${carried === undefined ? 'no mark' : formatMark(carried)}, expected ${formatMark(at.mark)}`,
  });
}

/** Throws `aborted` if the caller has stopped. Must be called before every change. */
export function assertGoing({ signal }: DriverCall): void {
  if (signal.aborted) throw stopped(signal);
}

/**
 * Yields once for each round of a read that the caller repeats until a condition is true. Throws `aborted` if the
 * caller stops between two rounds.
 */
export function rounds(
  { clock }: Pick<Host, 'clock'>,
  signal: AbortSignal,
  pauses: Polling['pauses'],
  patienceMs: number,
): AsyncGenerator<number, void> {
  return poll(polling({ clock }, signal, pauses, patienceMs));
}

export function polling(
  { clock }: Pick<Host, 'clock'>,
  signal: AbortSignal,
  pauses: Polling['pauses'],
  patienceMs: number,
): Polling {
  return { clock, signal, pauses, patienceMs, stopped };
}

function stopped({ reason }: AbortSignal): AgentError {
  return new AgentError('aborted', 'The operation was stopped before it ended.', { cause: reason });
}
