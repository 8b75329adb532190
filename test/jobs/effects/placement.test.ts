import t from 'tap';
import { findPlacement } from '../../../src/jobs/effects/placement.js';
import type { GuestDriver, Promised } from '../../../src/drivers/guest/contract.js';
import { testConfig } from '../../fakes/config.js';
import { handClock } from '../../fakes/clock.js';
import { emptyView, fakeDrivers } from '../../fakes/drivers.js';
import { memoryState } from '../../fakes/memory-state.js';
import type { Changes } from '../../fakes/parts.js';
import { aGuest, aService } from '../../fakes/samples.js';

const REQUEST = {
  resources: { cores: 2, memoryMb: 2048, swapMb: 512, diskGb: 20 },
  source: { kind: 'template', template: 'golden' },
  location: null,
} as const;
const placed = (id: string, also: Changes = {}) =>
  aService({ id, lifecycle: 'active', vmid: 1000 + Number(id), node: 'pve2', ...also });

/** The capacity that counts as used when the order `self` is placed. */
function promisedTo(
  self: string | null,
  services: Parameters<typeof memoryState>,
  guests = emptyView.guests,
): ReadonlyMap<string, Promised> {
  const memory = memoryState(...services);
  let promised: ReadonlyMap<string, Promised> = new Map();
  const place: GuestDriver['place'] = (request) => {
    promised = request.promised;
    return 'pve1';
  };
  const guest = { ...fakeDrivers().guest, place };
  const deps = { ...memory, config: testConfig(), clock: handClock(), drivers: { guest } };
  const key = self === null ? null : (`default/${self}` as const);
  t.equal(findPlacement(deps, REQUEST, { ...emptyView, guests }, { key, createdAt: null }), 'pve1');
  return promised;
}

t.test('capacity counts once: of containers that the cluster does not show yet', async (t) => {
  const services = [placed('1'), placed('2'), placed('3', { node: 'pve3' })];
  const both = { memoryMb: 4096, diskGb: 40 };
  const one = { memoryMb: 2048, diskGb: 20 };
  t.same(
    [...promisedTo(null, services)],
    [
      ['pve2', both],
      ['pve3', one],
    ],
  );
  t.same(
    [...promisedTo(null, services, [aGuest(1001)])],
    [
      ['pve2', one],
      ['pve3', one],
    ],
  );
});

t.test('an order does not count against itself, nor does a service without a node or a number', async (t) => {
  t.same([...promisedTo('1', [placed('1')])], []);
  t.same([...promisedTo(null, [placed('1', { node: null })])], []);
  t.same([...promisedTo(null, [placed('1', { vmid: null })])], []);
});
