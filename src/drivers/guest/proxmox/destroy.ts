/**
 * Destroys a container of this agent with everything that refers to it. Leaves a foreign container with the same VMID
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
 * If a container without a mark is being created under our VMID, the driver watches it for this long. The creation may
 * be the result of our own request whose response was lost. In this case, our mark appears later.
 */
const CREATION_PATIENCE_MS = 30_000;
/** The API itself has a timeout of 30 s. If it has not begun to create the container by then, it will not create it. */
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
 * Returns for how many more ms the container may still appear. If the clock does not show how long ago the response
 * was lost, returns the maximum.
 */
function lateFor({ clock }: Host, lostAt: number): number {
  const ago = clock.now() - lostAt;
  return clock.trusted() && ago >= 0 ? LATE_ARRIVAL_MS - ago : LATE_ARRIVAL_MS;
}

/**
 * Proxmox may still be executing a request whose response was lost. The container can therefore appear after a check
 * has not found it.
 */
async function watchForLateArrival(host: Host, at: GuestAt, ms: number, call: DriverCall): Promise<void> {
  if (ms <= 0) return;
  for await (const _ of rounds(host, call.signal, LATE_LOOK_MS, ms))
    if ((await locate(host, at.vmid, call.signal)) !== undefined) return;
}

/**
 * Executes one round. If the container disappears or moves during the round, the read at the beginning of the next
 * round shows this.
 */
async function gone(host: Host, at: GuestAt, call: DriverCall): Promise<boolean> {
  const found = await ours(host, at, call);
  if (found === undefined) return true;
  const status = await readStatus(host, found, call.signal);
  // remove the container from HA first: otherwise HA would start it again, and Proxmox would refuse to destroy it
  if (host.config.ha.enabled || flag(status.ha?.managed)) await dropHa(host, at.vmid, call);
  await untilDone(host, at.vmid, call, async () => !(await stopOurs(host, found, 0, call)));
  await runTask(host, call, () =>
    lxcOf(host, found, call.signal).$delete({ purge: true, 'destroy-unreferenced-disks': true }),
  );
  return false;
}

/**
 * Returns our container, or undefined if no container with our mark exists. Throws `foreign_object` if the container
 * has no such mark but must have been ours before.
 */
async function ours(host: Host, at: GuestAt, call: DriverCall): Promise<Found | undefined> {
  let found = (await locate(host, at.vmid, call.signal)) ?? (await confirmAbsent(host, at.vmid, call));
  if (found !== undefined && isUnfinished(found)) found = await finished(host, at, found, call);
  if (found === undefined) return undefined;
  if (isOurs(found, at)) return found;
  if (hasOurAddress(found, at)) throw foreign(found, at);
  (call.log ?? host.log).warn(
    { vmid: at.vmid, node: found.node },
    "a container without the service's mark has the VMID; it is left unchanged",
  );
  return undefined;
}

/**
 * Returns whether the container is being created or destroyed. Such a container cannot be destroyed, and its lock
 * cannot be removed.
 */
const isUnfinished = ({ config }: Found): boolean => ['create', 'destroyed'].includes(text(config.lock));

/** Returns the container after its creation or destruction has ended, or undefined if it is gone. */
async function finished(host: Host, at: GuestAt, found: Found, call: DriverCall): Promise<Found | undefined> {
  if (isOurs(found, at)) return whenUnlocked(host, at.vmid, call);
  const waited = text(found.config.lock) === 'create' && (await waitForOwnCreation(host, found, call));
  const now = await whenUnlocked(host, at.vmid, call, waited ? undefined : CREATION_PATIENCE_MS);
  return now ?? confirmAbsent(host, at.vmid, call);
}

/**
 * Returns whether the container has the MAC address that is derived from our mark. If it has, the container is ours,
 * and its description was edited. An operator must then decide what to do with the container.
 */
function hasOurAddress(found: Found, at: GuestAt): boolean {
  const mac = parseProperties(found.config.net0 ?? '').get('hwaddr') ?? '';
  return mac.toUpperCase() === macOf(at.mark);
}
