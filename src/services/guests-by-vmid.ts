/** The guests of a cluster view by their number, worked out once per view. */
import type { ClusterView, GuestView } from '../drivers/guest/contract.js';

const byView = new WeakMap<ClusterView, ReadonlyMap<number, GuestView>>();

export function guestsByVmid(view: ClusterView): ReadonlyMap<number, GuestView> {
  const known = byView.get(view);
  if (known) return known;
  const made = new Map(view.guests.map((guest) => [guest.vmid, guest]));
  byView.set(view, made);
  return made;
}
