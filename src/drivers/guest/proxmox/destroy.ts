/**
 * Destroys a container of ours with everything that refers to it. Leaves a foreign container with the same VMID
 * unchanged.
 */
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt } from '../contract.js';
import { flag, text } from './schemas.js';
import { confirmAbsent } from './absence.js';
import { dropHa } from './ha.js';
import { foreign, type Found, type Host, isOurs, locate, lxcOf, readStatus, rounds } from './host.js';
import { macOf, parseProperties } from './property-string.js';
import { stopOurs } from './power.js';
import { waitForOwnCreation } from './own-creation.js';
import { untilDone, whenUnlocked } from './verify.js';
import { runTask, waitForNoted } from './tasks.js';

/**
 * How long the creation of a container without a mark is watched under our VMID: it may be our own lost request,
 * which is about to show its mark.
 */
const CREATION_PATIENCE_MS = 30_000;
/** The API's own timeout is 30 s: work that has not begun by then never will. */
const LATE_ARRIVAL_MS = 32_000;
const LATE_LOOK_MS = 2_000;

export async function removeContainer(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  await waitForNoted(host, call);
  const { unsure } = call.notes;
  const lostAt = typeof unsure === 'number' ? unsure : host.lostCreations.get(at.vmid);
  if (lostAt !== undefined) await watchForLateArrival(host, at, lateFor(host, lostAt), call);
  await untilDone(host, at.vmid, call, () => gone(host, at, call));
  host.seenOn.delete(at.vmid);
  host.lostCreations.delete(at.vmid);
}

/**
 * For how many ms the container may still appear; the maximum if the clock does not show how long ago the response
 * was lost.
 */
function lateFor({ clock }: Host, lostAt: number): number {
  const ago = clock.now() - lostAt;
  return clock.trusted() && ago >= 0 ? LATE_ARRIVAL_MS - ago : LATE_ARRIVAL_MS;
}

/** A request whose response was lost may still be worked on: the container then appears after we looked. */
async function watchForLateArrival(host: Host, at: GuestAt, ms: number, call: DriverCall): Promise<void> {
  if (ms <= 0) return;
  for await (const _ of rounds(host, call.signal, LATE_LOOK_MS, ms))
    if ((await locate(host, at.vmid, call.signal)) !== undefined) return;
}

/** One round. If the container vanished or moved during the round, the next read shows it. */
async function gone(host: Host, at: GuestAt, call: DriverCall): Promise<boolean> {
  const found = await ours(host, at, call);
  if (found === undefined) return true;
  const status = await readStatus(host, found, call.signal);
  // HA would start the container again, and refuses its destruction
  if (host.config.ha.enabled || flag(status.ha?.managed)) await dropHa(host, at.vmid, call);
  await untilDone(host, at.vmid, call, async () => !(await stopOurs(host, found, 0, call)));
  await runTask(host, call, () =>
    lxcOf(host, found, call.signal).$delete({ purge: true, 'destroy-unreferenced-disks': true }),
  );
  return false;
}

/**
 * Our container, or undefined if nothing of ours exists. Throws `foreign_object` if the container must have been ours
 * once.
 */
async function ours(host: Host, at: GuestAt, call: DriverCall): Promise<Found | undefined> {
  let found = (await locate(host, at.vmid, call.signal)) ?? (await confirmAbsent(host, at.vmid, call));
  if (found !== undefined && isUnfinished(found)) found = await finished(host, at, found, call);
  if (found === undefined) return undefined;
  if (isOurs(found, at)) return found;
  if (hasOurAddress(found, at)) throw foreign(found, at);
  (call.log ?? host.log).warn(
    { vmid: at.vmid, node: found.node },
    'a container that is not ours has the VMID: left unchanged',
  );
  return undefined;
}

/** Being created or destroyed: such a container cannot be destroyed, and its lock cannot be broken. */
const isUnfinished = ({ config }: Found): boolean => ['create', 'destroyed'].includes(text(config.lock));

/** The container after that work has ended; undefined: it is gone. */
async function finished(host: Host, at: GuestAt, found: Found, call: DriverCall): Promise<Found | undefined> {
  if (isOurs(found, at)) return whenUnlocked(host, at.vmid, call);
  const waited = text(found.config.lock) === 'create' && (await waitForOwnCreation(host, found, call));
  const now = await whenUnlocked(host, at.vmid, call, waited ? undefined : CREATION_PATIENCE_MS);
  return now ?? confirmAbsent(host, at.vmid, call);
}

/**
 * The MAC address is derived from the mark: a container that has it was ours, and its description was edited. An
 * operator must decide.
 */
function hasOurAddress(found: Found, at: GuestAt): boolean {
  const mac = parseProperties(found.config.net0 ?? '').get('hwaddr') ?? '';
  return mac.toUpperCase() === macOf(at.mark);
}
