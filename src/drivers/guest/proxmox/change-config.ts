/** Brings a container's settings to what is wanted: only what differs is sent, guarded by the digest of the config that was proven ours. */
import type { DriverCall } from '../../call.js';
import type { GuestAt } from '../driver.js';
import { assertGoing, type Found, type Host, lxcOf, requireOurs } from './host.js';
import { isPve, said } from './pve-error.js';
import { rootDiskBytes } from './property-string.js';
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

/** `changesFor` tells what to send for a config; nothing means done. Resolves to what was found before. Sent again only when another hand changed the config in between, or the answer was lost. */
export async function changeConfig(
  host: Host,
  at: GuestAt,
  call: DriverCall,
  changesFor: (found: Found) => CtChanges,
): Promise<Found> {
  for (let round = 1; ; round++) {
    const found = await requireOurs(host, at, call);
    const changes = changesFor(found);
    if (Object.keys(changes).length === 0) return found;
    assertGoing(call);
    const { digest } = found.config;
    try {
      await lxcOf(host, found, call.signal).config.$put({
        ...changes,
        ...(digest === undefined ? {} : { digest }),
      });
      return found;
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
      return;
    } catch (error) {
      if (said(error, /already at specified size|unable to shrink disk/i)) return;
      if (!isPve(error, 'unknown') || round >= ROUNDS) throw error;
    }
  }
}
