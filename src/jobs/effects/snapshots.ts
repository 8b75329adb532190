/** Effects on the snapshots of the service's container. The service's document also lists the existing snapshots. */
import type { Snapshot } from '../../model/guest.js';
import { guestOf, type Service, withGuest } from '../../model/service.js';
import { driverCall, type EffectOf, holding, hostLease, requireGuest } from './effect.js';

export const take: EffectOf<'container.snapshot'> = async (effect, name, description, kind) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.subject());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.ensureSnapshot(at, name, description, await driverCall(effect)),
  );
  const createdAt = new Date(deps.clock.now()).toISOString();
  await journal.changeSubject((service) => withSnapshot(service, { name, kind, createdAt }));
};

export const remove: EffectOf<'container.unsnapshot'> = async (effect, name) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.subject());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.removeSnapshot(at, name, await driverCall(effect)),
  );
  await journal.changeSubject((service) =>
    withGuest(service, { snapshots: guestOf(service).snapshots.filter((known) => known.name !== name) }),
  );
};

export const rollback: EffectOf<'container.rollback'> = async (effect, name) => {
  const { deps, journal } = effect;
  const at = requireGuest(effect, await journal.subject());
  await holding(effect, [hostLease(effect, at.node)], async () =>
    deps.drivers.guest.rollback(at, name, await driverCall(effect)),
  );
};

function withSnapshot(service: Service, snapshot: Snapshot): Service {
  const { snapshots } = guestOf(service);
  if (snapshots.some((known) => known.name === snapshot.name)) return service;
  return withGuest(service, { snapshots: [...snapshots, snapshot] });
}
