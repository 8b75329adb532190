/**
 * What every operation of the driver works with. An operation may change a container only after it has found it, read
 * it, and checked that it is ours.
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
   * VMID -> node where it was last seen: a hint that saves a query of the whole cluster, and is never trusted without
   * the config file.
   */
  readonly seenOn: Map<number, string>;
  /**
   * VMID -> when (epoch ms) the response to its creation was lost: the container may still appear. This is kept here
   * because the steps that undo a creation do not see the notes of the step that made it.
   */
  readonly lostCreations: Map<number, number>;
  /** VMID of a template -> the storage of its root disk, with the node and the time (epoch ms) of the read. */
  readonly templateStorages: Map<number, { node: string; storage: string; readAt: number }>;
  /** Major release of the cluster; read again after a while, because clusters are upgraded while an agent runs. */
  release: { readonly major: number; readonly readAt: number } | undefined;
}

/** A container as its config file describes it, and where that file is. */
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

/** The config of a virtual machine: never ours, but its addresses may be in our pools. */
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
 * While Proxmox starts a container and first checks its file system (up to a minute, after a rollback), it does not
 * answer about the container's status, and each request occupies one of the three workers of the node's daemon. After
 * a request without a response, the status is not queried again before that start has ended.
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
      // the task may have ended while the request was waiting
      isLast = work.length === 0;
      do {
        await pause(host.clock, SILENT_PAUSE_MS, signal);
        if (!hasStart(work)) break;
        work = await workOn(host, at, signal);
      } while (host.clock.monotonic() < until);
    }
  }
}

/** True while a task starts the container: its status must not be queried then. */
export async function isBeingStarted(host: Host, at: Where, signal: AbortSignal): Promise<boolean> {
  return hasStart(await workOn(host, at, signal));
}

const hasStart = (types: readonly string[]): boolean => types.some((type) => /^vz(start|reboot)$/.test(type));

interface Where {
  readonly node: string;
  readonly vmid: number;
}

/** True if a task about the container is running. Tasks of others are visible only to a token with Sys.Audit. */
export async function isWorkedOn(host: Host, at: Where, signal: AbortSignal): Promise<boolean> {
  return (await workOn(host, at, signal)).length > 0;
}

/**
 * True while any clone runs on the node. Proxmox lists a clone only under the VMID of its source, so a query for the
 * new container does not find it.
 */
export async function isCloning(host: Host, node: string, signal: AbortSignal): Promise<boolean> {
  return (await running(host, node, { typefilter: 'vzclone' }, signal)).length > 0;
}

const workOn = (host: Host, { node, vmid }: Where, signal: AbortSignal): Promise<string[]> =>
  running(host, node, { vmid }, signal);

/** Types of the node's running tasks that match. The list needs no worker of the node's daemon. */
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
  // a token without privileges gets an empty list with 200: this is no proof that nothing exists
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

/**
 * How long a container that moves, or was destroyed on another node, may be listed on a node that no longer has it.
 */
const CONTRADICTION_MS = 2_000;
const CONTRADICTION_PAUSES = { firstMs: 200, factor: 1.5, longestMs: 2_000 };

/**
 * The container with this VMID, ours or not; undefined if there is none (or a virtual machine: not our kind, see
 * `occupant`). Throws `container_host_failed` if the cluster keeps listing it on a node that denies it: it must not
 * be treated as gone then.
 */
export async function locate(host: Host, vmid: number, signal: AbortSignal): Promise<Found | undefined> {
  const hint = host.seenOn.get(vmid);
  if (hint !== undefined) {
    try {
      return { node: hint, vmid, config: await readConfig(host, hint, vmid, signal) };
    } catch (error) {
      // whatever the response is, the next query goes to the cluster and not to this hint again
      host.seenOn.delete(vmid);
      // it moved; its node died and HA moved it; or it was destroyed, and left the pool whose privileges let us see
      // it
      if (!isPve(error, 'missing', 'unreachable', 'unknown', 'refused')) throw error;
    }
  }
  return retry(
    () => locateOnce(host, vmid, signal),
    (error) => error instanceof AgentError && isPve(error.cause, 'missing'),
    polling(host, signal, CONTRADICTION_PAUSES, CONTRADICTION_MS),
  );
}

/** Throws `container_host_failed` if it is gone or moved between the two requests. */
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
 * The container, checked to be ours. Throws `foreign_object` if it carries another mark or none,
 * `container_host_failed` if it does not exist.
 */
export async function requireOurs(host: Host, at: GuestAt, call: DriverCall): Promise<Found> {
  const found = await locate(host, at.vmid, call.signal);
  if (found === undefined) {
    throw hostFailed(
      'The container does not exist.',
      `no container ${at.vmid} in the cluster`,
      undefined,
      'gone',
    );
  }
  if (!isOurs(found, at)) throw foreign(found, at);
  return found;
}

export function foreign(found: Found, at: GuestAt): AgentError {
  const carried = findMark(text(found.config.description));
  return new AgentError('foreign_object', 'A container that does not carry our mark is in the way.', {
    role: 'container host',
    detail: `container ${at.vmid} on ${found.node} carries ${carried === undefined ? 'no mark' : formatMark(carried)}, expected ${formatMark(at.mark)}`,
  });
}

/** Throws `aborted` when the caller has stopped; called before every new change. */
export function assertGoing({ signal }: DriverCall): void {
  if (signal.aborted) throw stopped(signal);
}

/**
 * The rounds of a read that is repeated until a condition holds; throws `aborted` if the caller stops between two
 * rounds.
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
  return new AgentError('aborted', 'The work was stopped before it ended.', { cause: reason });
}
