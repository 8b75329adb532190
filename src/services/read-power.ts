/** What the shared look at the cluster says about one service. Never waits. */
import { LIST_LAG_MS, type Power, type SettledPower, settledPower } from '../model/status.js';
import type { Job } from '../model/job.js';
import type { Service } from '../model/service.js';
import type { ClusterView, ClusterWatch, GuestView } from '../drivers/guest/contract.js';

export interface Sighting {
  /** With the last known figures. */
  readonly guest: GuestView | undefined;
  readonly power: Power;
  /** The container host answers about it now. */
  readonly reachable: boolean;
  /** RFC 3339 */
  readonly staleSince: string | null;
}

/** What has to be known of a service to find its guest. */
export type Seen = Pick<Service, 'lifecycle' | 'vmid'> &
  ({ readonly jobs: readonly Job[] } | { readonly settled: SettledPower | null });

/** Before a service is active its number may still be somebody else's: then nothing is said about the guest. */
export function lookUp(watch: ClusterWatch, service: Seen): Sighting {
  const view = watch.latest();
  const ours = service.lifecycle === 'active' || service.lifecycle === 'suspended';
  const seen = ours && service.vmid !== null ? watch.guest(service.vmid) : undefined;
  const stale = earliest(watch.staleSince(), seen?.staleSince);
  const guest = view && seen && settle(view, seen, service);
  return {
    guest,
    power: guest?.status === 'running' || guest?.status === 'stopped' ? guest.status : 'unknown',
    reachable: stale === undefined && seen !== undefined && isOnline(view, seen.node),
    staleSince: stale === undefined ? null : new Date(stale).toISOString(),
  };
}

function settle(view: ClusterView, guest: GuestView, service: Seen): GuestView {
  const settled = 'settled' in service ? service.settled : settledPower(service.jobs);
  if (!settled || settled.power === guest.status || view.at >= settled.at + LIST_LAG_MS) return guest;
  const figures = settled.power === 'stopped' ? { cpu: 0, memoryBytes: 0, uptimeS: 0 } : {};
  return { ...guest, ...figures, status: settled.power };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

function isOnline(view: ClusterView | undefined, node: string): boolean {
  return view?.nodes.some(({ name, online }) => name === node && online) === true;
}
