/** What the shared look at the cluster says about one service. Never waits. */
import type { Power } from '../domain/status.js';
import type { Service } from '../domain/service.js';
import type { GuestView } from '../drivers/guest/driver.js';
import type { ClusterWatch } from '../drivers/guest/watch.js';
import { guestsByVmid } from './guests-by-vmid.js';

export interface Sighting {
  readonly guest: GuestView | undefined;
  readonly power: Power;
  /** The container host answers about it now. */
  readonly reachable: boolean;
  /** RFC 3339 */
  readonly staleSince: string | null;
}

/** Before a service is active its number may still be somebody else's: then nothing is said about the guest. */
export function lookUp(watch: ClusterWatch, service: Pick<Service, 'lifecycle' | 'vmid'>): Sighting {
  const view = watch.latest();
  const stale = watch.staleSince();
  const staleSince = stale === undefined ? null : new Date(stale).toISOString();
  const ours = service.lifecycle === 'active' || service.lifecycle === 'suspended';
  const guest = view && ours && service.vmid !== null ? guestsByVmid(view).get(service.vmid) : undefined;
  const node = guest && view?.nodes.find((candidate) => candidate.name === guest.node);
  return {
    guest,
    power: powerOf(guest),
    reachable: staleSince === null && node?.online === true,
    staleSince,
  };
}

function powerOf(guest: GuestView | undefined): Power {
  if (guest?.status === 'running' || guest?.status === 'stopped') return guest.status;
  return 'unknown';
}
