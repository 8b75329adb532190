/**
 * Reads and sets the requested HA state of a container. HA acts on a change within seconds. If its action fails, the
 * resource enters state "error". Therefore the driver never requests that HA start or stop a container while a lock
 * would make this fail. If the resource is in state "error", the driver resets it before any other request.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import { flag, text } from './schemas.js';
import { readResource, noTrace, repeatUnknown, resourceOf, sidOf } from './ha-config.js';
import { apiOf, type Found, type Host, readStatus, rounds } from './host.js';
import { hostFailed, isPve } from './pve-error.js';

export const HA_STATES = ['started', 'stopped', 'ignored'] as const;
export type HaState = (typeof HA_STATES)[number];

type Where = Pick<Found, 'node' | 'vmid'>;

/**
 * How long to wait for HA. HA's manager checks for changes every 10 s, and if it is busy, it may need several rounds.
 */
const LEAVE_ERROR_MS = 90_000;
const POLL_MS = 1_000;

/** Returns the requested state of the container, or undefined if HA does not manage the container. */
export async function readHaState(host: Host, vmid: number, call: DriverCall): Promise<HaState | undefined> {
  if (!host.config.ha.enabled) return undefined;
  const present = await repeatUnknown(call, () => readResource(apiOf(host, call), vmid));
  if (present === undefined) return undefined;
  const state = text(present.state);
  if (state === 'disabled') return 'stopped';
  return state === 'ignored' || state === 'stopped' ? state : 'started';
}

/**
 * Sets the requested state of a container that HA manages, and reads it back. Throws `container_host_busy` if a lock
 * prevents this.
 */
export async function setHaState(host: Host, at: Where, state: HaState, call: DriverCall): Promise<void> {
  await repeatUnknown(call, async () => {
    if (state !== 'ignored') await assertNothingInTheWay(host, at, state, call);
    await leaveHaError(host, at, call);
    await putState(host, at, state, call);
  });
}

/** Throws `container_host_busy` if HA would start or stop the container while a lock prevents this. */
export async function assertNothingInTheWay(
  host: Host,
  at: Where,
  state: Exclude<HaState, 'ignored'>,
  call: DriverCall,
): Promise<void> {
  const status = await readStatus(host, at, call.signal);
  const lock = text(status.lock);
  if (lock === '' || (status.status === 'running') === (state === 'started')) return;
  throw new AgentError('container_host_busy', 'The container is locked by another operation.', {
    role: 'container host',
    detail:
      `container ${at.vmid} holds lock "${lock}": HA is not set to "${state}", because it would fail ` +
      'and end in state "error"',
  });
}

/**
 * If the HA resource is in state "error", moves it out of this state. In state "error", HA accepts only the requested
 * state `disabled`. Returns false if the resource was not in state "error".
 */
export async function leaveHaError(host: Host, at: Where, call: DriverCall): Promise<boolean> {
  if (!(await isInError(host, at, call))) return false;
  (call.log ?? host.log).warn(
    { vmid: at.vmid },
    'HA is in state "error"; disabling the HA resource to clear the error',
  );
  await putState(host, at, 'disabled', call);
  for await (const _ of rounds(host, call.signal, POLL_MS, LEAVE_ERROR_MS))
    if (!(await isInError(host, at, call))) return true;
  throw haGaveUp(at.vmid);
}

export function haGaveUp(vmid: number): AgentError {
  return hostFailed(
    'HA on the container host no longer starts the container after an error.',
    `HA holds ${sidOf(vmid)} in state "error": an operator must disable the HA resource and fix the cause`,
  );
}

async function isInError(host: Host, at: Where, call: DriverCall): Promise<boolean> {
  const { ha } = await readStatus(host, at, call.signal);
  return flag(ha?.managed) && text(ha?.state) === 'error';
}

async function putState(host: Host, at: Where, state: HaState | 'disabled', call: DriverCall): Promise<void> {
  const api = apiOf(host, call);
  try {
    await resourceOf(api, at.vmid).$put({ state });
  } catch (error) {
    // the resource has just entered state "error"; the next round moves it out of this state
    if (isPve(error) && state !== 'disabled' && (await isInError(host, at, call)))
      throw noTrace(`state ${state} of ${sidOf(at.vmid)}`);
    throw error;
  }
  const now = await readResource(api, at.vmid);
  if (now !== undefined && text(now.state) !== state) throw noTrace(`state ${state} of ${sidOf(at.vmid)}`);
}
