/** Looks up the state of one service in the shared view of the cluster. Never waits. */
import {
  LIST_LAG_MS,
  type Power,
  type SettledPower,
  settledPower,
  statusWord,
  type StatusWord,
} from '../model/status.js';
import type { Lifecycle, Service } from '../model/service.js';
import type { ClusterView, ClusterWatch, GuestView } from '../drivers/guest/contract.js';
import type { ServiceEntry } from '../state/contract.js';

export interface Sighting {
  /** The guest with its last known usage. */
  readonly guest: GuestView | undefined;
  /** Null when the service has no guest. */
  readonly power: Power | null;
  /** True while the container host reports the guest. */
  readonly reachable: boolean;
  /** RFC 3339 */
  readonly staleSince: string | null;
}

/** The fields of a service that are needed to find its guest. */
export interface Seen {
  readonly lifecycle: Lifecycle;
  readonly hasGuest: boolean;
  readonly vmid: number | null;
  readonly settled: SettledPower | null;
}

/** Extracts the data that is needed to find the guest from a service's document. */
export function seen({ lifecycle, guest, jobs }: Pick<Service, 'lifecycle' | 'guest' | 'jobs'>): Seen {
  return { lifecycle, hasGuest: guest !== null, vmid: guest?.vmid ?? null, settled: settledPower(jobs) };
}

/**
 * Looks up the guest of a service. Before a service is active, its VMID may still belong to another container, so
 * nothing is reported about the guest.
 */
export function lookUp(watch: ClusterWatch, service: Seen): Sighting {
  if (!service.hasGuest) return NO_GUEST;
  const view = watch.latest();
  const ours = service.lifecycle === 'active' || service.lifecycle === 'suspended';
  const found = ours && service.vmid !== null ? watch.guest(service.vmid) : undefined;
  const stale = earliest(watch.staleSince(), found?.staleSince);
  const guest = view && found && settle(view, found, service);
  return {
    guest,
    power: guest?.status === 'running' || guest?.status === 'stopped' ? guest.status : 'unknown',
    reachable: stale === undefined && found !== undefined && isOnline(view, found.node),
    staleSince: stale === undefined ? null : new Date(stale).toISOString(),
  };
}

const NO_GUEST: Sighting = { guest: undefined, power: null, reachable: true, staleSince: null };

/** The status word for the client's view. */
export function wordOf(watch: ClusterWatch, service: Service): StatusWord {
  return statusWord(service, lookUp(watch, seen(service)).power);
}

/** The status word, computed from the entry in memory. */
export function wordOfEntry(watch: ClusterWatch, entry: ServiceEntry): StatusWord {
  return wordFor(entry, lookUp(watch, entry).power);
}

export function wordFor(
  { lifecycle, stuck }: { readonly lifecycle: Lifecycle; readonly stuck: boolean },
  power: Power | null,
): StatusWord {
  return statusWord({ lifecycle, jobs: stuck ? STUCK : [] }, power);
}

const STUCK = [{ status: 'stuck' }] as const;

function settle(view: ClusterView, guest: GuestView, service: Seen): GuestView {
  const { settled } = service;
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
