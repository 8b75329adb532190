/** Fills a state folder with running sites. */
import { systemClock } from '../../src/kernel/clock.js';
import { openState } from '../../src/state/open.js';
import { aJob, aService } from '../fakes/samples.js';

/** Ids are `0` to `count - 1`, VMIDs 100,000 and up. */
export async function fillState(options: {
  readonly dir: string;
  readonly key: Buffer;
  readonly count: number;
  readonly baseDomain: string;
}): Promise<void> {
  const { dir, key, count, baseDomain } = options;
  const state = await openState({ dir, key, clock: systemClock });
  const one = (n: number): Promise<unknown> =>
    state.services.commit(`default/${n}`, () =>
      aService({
        id: String(n),
        lifecycle: 'active',
        subdomain: `site-${n}`,
        fqdn: `site-${n}.${baseDomain}`,
        primaryDomain: `site-${n}.${baseDomain}`,
        vmid: 100_000 + n,
        node: 'pve1',
        addresses: [
          { pool: 'v4', address: `10.99.${n >> 8}.${n & 255}`, prefix: 16, gateway: '10.99.255.254' },
        ],
        snapshots: [{ name: 'initial', kind: 'initial', createdAt: '2026-01-01T00:00:00.000Z' }],
        activeAt: '2026-01-01T00:00:00.000Z',
        jobs: [
          aJob({
            id: `019aa000-0000-7000-8000-${String(n).padStart(12, '0')}`,
            status: 'completed',
            endedAt: '2026-01-01T00:00:00.000Z',
          }),
        ],
      }),
    );
  const AT_ONCE = 500;
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    await Promise.all(Array.from({ length: size }, (_, n) => one(from + n)));
  }
  await state.close();
}
