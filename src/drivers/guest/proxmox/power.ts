/**
 * Starts and stops containers. If HA manages the container, a task that ends with `OK` only means that HA has accepted
 * the request. Therefore the driver waits until the container has the requested state.
 */
import type { DriverCall } from '../../shared/call.js';
import { pause } from '../../../kernel/async/pause.js';
import { AgentError } from '../../../kernel/errors.js';
import type { GuestAt } from '../contract.js';
import { findOurs } from './absence.js';
import { flag, text } from './schemas.js';
import { assertNothingInTheWay, haGaveUp, leaveHaError } from './ha-state.js';
import { type Found, type Host, isBeingStarted, lxcOf, readStatus, requireOurs, rounds } from './host.js';
import { isPve, said } from './pve-error.js';
import { untilDone } from './verify.js';
import { runTask, waitForNoted } from './tasks.js';

type Power = 'running' | 'stopped';

/**
 * The delays between reads of HA's reaction to a request: the first delay in ms, the factor, and the longest delay in
 * ms.
 */
const POLL = { firstMs: 100, factor: 1.1, longestMs: 1_000 };

export async function ensureStarted(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  await waitForNoted(host, call);
  await untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    const { power, isManaged } = await powerOf(host, found, call);
    if (power === 'running') return true;
    if (isManaged) await prepareHa(host, found, 'started', call);
    const start = () => lxcOf(host, found, call.signal).status.start.$post();
    await sayWhenSlow(host, call, () => command(host, found, 'running', call, /already running/i, start));
    return false;
  });
}

/**
 * Stops the container. If the grace period is 0, the container is stopped forcibly at once. A container that does not
 * exist is treated as stopped, so that a site can be deleted after its container was lost.
 */
export async function ensureStopped(
  host: Host,
  at: GuestAt,
  graceS: number,
  call: DriverCall,
): Promise<void> {
  await waitForNoted(host, call);
  await untilDone(host, at.vmid, call, async () => {
    const found = await findOurs(host, at, call);
    return found === undefined || !(await stopOurs(host, found, graceS, call));
  });
}

/**
 * Stops a container. The caller has already checked that the container is ours. Returns false if the container was not
 * running.
 */
export async function stopOurs(host: Host, found: Found, graceS: number, call: DriverCall): Promise<boolean> {
  const { power, isManaged } = await powerOf(host, found, call);
  if (power === 'stopped') return false;
  if (isManaged) await prepareHa(host, found, 'stopped', call);
  const { status } = lxcOf(host, found, call.signal);
  const notRunning = /not running/i;
  const pull = () => command(host, found, 'stopped', call, notRunning, () => status.stop.$post());
  const timeout = Math.ceil(graceS);
  if (timeout <= 0) {
    await pull();
    return true;
  }
  const shutDown = () => status.shutdown.$post({ timeout, forceStop: true });
  try {
    await command(host, found, 'stopped', call, notRunning, shutDown, timeout);
  } catch (error) {
    if (!said(error, /did not stop|got timeout|shutdown .*failed/i)) throw error;
    await pull();
  }
  return true;
}

async function powerOf(
  host: Host,
  found: Found,
  call: DriverCall,
): Promise<{ power: Power; isManaged: boolean; haState: string }> {
  const status = await readStatus(host, found, call.signal);
  const isManaged = flag(status.ha?.managed);
  return {
    power: status.status === 'running' ? 'running' : 'stopped',
    isManaged,
    haState: isManaged ? text(status.ha?.state) : '',
  };
}

/** Checks before a request whether HA can execute it, because HA accepts every request and executes it only later. */
async function prepareHa(
  host: Host,
  found: Found,
  state: 'started' | 'stopped',
  call: DriverCall,
): Promise<void> {
  await assertNothingInTheWay(host, found, state, call);
  await leaveHaError(host, found, call);
}

/** Ignores that a request gets no response while the file system is checked, because the next read shows the state. */
function ifMute(error: unknown): undefined {
  if (!isPve(error, 'unknown')) throw error;
}

function notInTime({ vmid }: Found, found: string, wanted: Power): AgentError {
  return new AgentError('container_host_timeout', 'The container host did not finish in time.', {
    role: 'container host',
    detail: `ct:${vmid}: HA ${found}; wanted ${wanted}`,
  });
}

/** The text that is logged with the step if a start takes longer than usual. */
const SLOW_MS = 5_000;
const SLOW_WORDS =
  'the container is starting: after a rollback, the file system check of the storage takes up to a ' +
  'minute';

async function sayWhenSlow<T>(host: Host, call: DriverCall, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const slow = pause(host.clock, SLOW_MS, over.signal, true)
    .then((isSlow) => (isSlow ? call.note({ waits_for: SLOW_WORDS }) : undefined))
    .catch(() => {});
  try {
    return await work();
  } finally {
    over.abort();
    await slow;
  }
}

/**
 * Sends one power command. If Proxmox responds that the container is already in the requested state, the call
 * succeeds.
 */
async function command(
  host: Host,
  found: Found,
  wanted: Power,
  call: DriverCall,
  already: RegExp,
  start: () => Promise<unknown>,
  extraS = 0,
): Promise<void> {
  const timeoutMs = (host.config.task_timeout_s + extraS) * 1_000;
  try {
    const task = await runTask(host, call, start, timeoutMs);
    if (task.type.startsWith('ha')) await untilHaObeys(host, found, wanted, call, timeoutMs);
  } catch (error) {
    if (!said(error, already)) throw error;
  }
}

async function untilHaObeys(host: Host, found: Found, wanted: Power, call: DriverCall, timeoutMs: number) {
  let told = '';
  for await (const _ of rounds(host, call.signal, POLL, timeoutMs)) {
    // HA's manager starts the container only some seconds later, and during the start, a request for the status gets
    // no response until the start has ended
    const isStarting =
      wanted === 'running' && (await isBeingStarted(host, found, call.signal).catch(() => false));
    const seen = isStarting ? undefined : await powerOf(host, found, call).catch(ifMute);
    if (seen === undefined) {
      told = 'did not report its state';
      continue;
    }
    const { power, haState } = seen;
    const settled =
      haState === '' ||
      haState === 'ignored' ||
      !/request|freeze|queued|fence|migrate|recovery/.test(haState);
    if (power === wanted && settled) return;
    if (haState === 'error') throw haGaveUp(found.vmid);
    told = `has it in state "${haState}", ${power}`;
  }
  throw notInTime(found, told, wanted);
}
