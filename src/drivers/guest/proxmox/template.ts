/** Templates: containers that clones are made from, known by their name. */
import type { DriverCall } from '../../call.js';
import type { ClusterView, GuestAt, GuestView } from '../driver.js';
import { flag } from './answers.js';
import { type Host, lxcOf, requireOurs } from './host.js';
import { said } from './pve-error.js';
import { untilDone } from './read-back.js';
import { runTask, waitForNoted } from './tasks.js';

/** Templates of this name; of several on a node the one with the highest number, the newest, comes first. */
export function templatesOf(view: ClusterView, name: string): GuestView[] {
  return view.guests
    .filter((guest) => guest.type === 'lxc' && guest.template && guest.name === name)
    .sort((a, b) => b.vmid - a.vmid);
}

/** True when every node sees the same volumes on this storage. */
export function isShared(view: ClusterView, storage: string): boolean {
  return view.storages.some((one) => one.storage === storage && one.shared);
}

/** The template keeps the container's hostname as its name. */
export async function convertToTemplate(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  await waitForNoted(host, call);
  await untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    if (flag(found.config.template)) return true;
    try {
      const { template } = lxcOf(host, found, call.signal);
      await runTask(host, call, () => template.$post());
    } catch (error) {
      if (!said(error, /already a template|is a template/i)) throw error;
    }
    return true;
  });
}
