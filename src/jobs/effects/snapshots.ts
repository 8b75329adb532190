/** Effects on the snapshots of the service's container; what exists is kept in the service's document too. */
import type { Snapshot } from '../../model/guest.js';
import { guestOf, type Service, withGuest } from '../../model/service.js';
import { driverCall, type EffectOf, holding, hostLease, requireGuest } from './effect.js';

export const take: EffectOf<'container.snapshot'> = async (effect, { name, description, kind }) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.service());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.ensureSnapshot(at, name, description, await driverCall(effect)),
  );
  const createdAt = new Date(deps.clock.now()).toISOString();
  await journal.changeService((service) => withSnapshot(service, { name, kind, createdAt }));
  return null;
};

export const remove: EffectOf<'container.unsnapshot'> = async (effect, { name }) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.service());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.removeSnapshot(at, name, await driverCall(effect)),
  );
  await journal.changeService((service) =>
    withGuest(service, { snapshots: guestOf(service).snapshots.filter((known) => known.name !== name) }),
  );
  return null;
};

export const rollback: EffectOf<'container.rollback'> = async (effect, { name }) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.service());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.rollback(at, name, await driverCall(effect)),
  );
  return null;
};

function withSnapshot(service: Service, snapshot: Snapshot): Service {
  const { snapshots } = guestOf(service);
  if (snapshots.some((known) => known.name === snapshot.name)) return service;
  return withGuest(service, { snapshots: [...snapshots, snapshot] });
}
