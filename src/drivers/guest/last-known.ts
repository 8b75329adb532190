/**
 * Keeps the last known values of guests whose node cannot be queried. While a node cannot be queried, the cluster's
 * response contains the data of the other nodes, and the status `unknown` for the guests of this node.
 */
import type { ClusterView, GuestView } from './contract.js';

/**
 * Returns the new view of the cluster. Guests whose node could not be queried keep their values from the previous
 * view.
 */
export function withLastKnown(next: ClusterView, previous: ClusterView | undefined): ClusterView {
  const offline = new Set(next.nodes.filter(({ online }) => !online).map(({ name }) => name));
  const unseen = (guest: GuestView): boolean => guest.status === 'unknown' || offline.has(guest.node);
  if (!next.guests.some(unseen)) return next;
  const before = new Map(previous?.guests.map((guest) => [guest.vmid, guest]));
  return {
    ...next,
    guests: next.guests.map((guest) => {
      if (!unseen(guest)) return guest;
      const known = before.get(guest.vmid);
      const staleSince = known?.staleSince ?? next.at;
      return known ? { ...known, node: guest.node, staleSince } : { ...guest, staleSince };
    }),
  };
}
