/** Brings a container's settings to what is wanted: only what differs is sent, guarded by the digest of the config that was proven ours. */
import type { DriverCall } from '../../call.js';
import type { GuestAt } from '../driver.js';
import { assertGoing, type Found, type Host, lxcOf, requireOurs } from './host.js';
import { isPve, said } from './pve-error.js';
import { rootDiskBytes } from './property-string.js';
import { untrue } from './read-back.js';
import { runTask } from './tasks.js';

/** Parameters of `PUT config`, in its own names. */
export interface CtChanges {
  cores?: number;
  memory?: number;
  swap?: number;
  hostname?: string;
  description?: string;
  net0?: string;
  onboot?: boolean;
  tags?: string;
  nameserver?: string;
  searchdomain?: string;
}

const ROUNDS = 4;

/**
 * `changesFor` tells what to send for a config; nothing means done. Resolves to the config as it then is. Sent again only when another hand changed the
 * config in between, the answer was lost, or nothing came of it.
 */
export async function changeConfig(
  host: Host,
  at: GuestAt,
  call: DriverCall,
  changesFor: (found: Found) => CtChanges,
): Promise<Found> {
  /** Digest of the config that a change was answered for. */
  let answered: string | undefined;
  for (let round = 1; ; round++) {
    const found = await requireOurs(host, at, call);
    const changes = changesFor(found);
    const { digest } = found.config;
    // another digest: it was written, be it in words that read differently
    const isWritten = answered !== undefined && digest !== answered;
    if (Object.keys(changes).length === 0 || isWritten) return found;
    if (answered !== undefined && round > ROUNDS) throw untrue(at.vmid);
    assertGoing(call);
    try {
      await lxcOf(host, found, call.signal).config.$put({
        ...changes,
        ...(digest === undefined ? {} : { digest }),
      });
      if (digest === undefined) return found;
      answered = digest;
    } catch (error) {
      const again = isPve(error, 'unknown', 'missing') || said(error, /detected modified configuration/);
      if (!again || round >= ROUNDS) throw error;
    }
  }
}

/** Grows the root disk of a container just proven ours to `diskGb`; a larger one stays as it is. */
export async function growRootDisk(
  host: Host,
  at: GuestAt,
  diskGb: number,
  justRead: Found,
  call: DriverCall,
): Promise<void> {
  for (let round = 1; ; round++) {
    const found = round === 1 ? justRead : await requireOurs(host, at, call);
    const bytes = rootDiskBytes(found.config.rootfs);
    if (bytes !== undefined && bytes >= diskGb * 2 ** 30) return;
    try {
      const { resize } = lxcOf(host, found, call.signal);
      await runTask(host, call, () => resize.$put({ disk: 'rootfs', size: `${diskGb}G` }));
      if (round > ROUNDS) throw untrue(at.vmid);
    } catch (error) {
      if (said(error, /already at specified size|unable to shrink disk/i)) return;
      if (!isPve(error, 'unknown', 'missing') || round >= ROUNDS) throw error;
      host.seenOn.delete(at.vmid);
    }
  }
}
