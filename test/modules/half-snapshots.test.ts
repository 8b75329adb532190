/**
 * The steps that remove more snapshots than the one they are about: a snapshot that the storage does not let go, or
 * has removed only in part, is no removed one.
 */
import t, { type Test } from 'tap';
import type { JsonObject } from '../../src/kernel/json.js';
import type { Snapshot } from '../../src/model/guest.js';
import WordPress from '../../modules/product/wordpress/module.js';
import { failsWith } from '../contracts/guest.js';
import { at, call, driverAtLookalike, spec } from '../fakes/lookalike-driver.js';
import { fakeStep } from '../fakes/step-context.js';

const createdAt = '2026-01-01T00:00:00Z';
const COMMAND = (name: string): string =>
  `pct unlock ${at.vmid} && pct delsnapshot ${at.vmid} ${name} --force`;

/** A container with these snapshots, and the steps of its jobs at the driver. */
async function machine(t: Test, ...snapshots: Snapshot[]) {
  const { pve, driver } = await driverAtLookalike(t);
  await driver.ensureContainer(spec, call());
  for (const { name } of snapshots) await driver.ensureSnapshot(at, name, name, call());
  return {
    step: (method: 'rollback' | 'reset', step: string, values: { args?: JsonObject; notes?: JsonObject }) => {
      const { context } = fakeStep({
        ...values,
        service: { guest: { snapshots } },
        answers: {
          'container.unsnapshot': (name) => driver.removeSnapshot(at, name, call()),
          'container.snapshot': (name) => driver.ensureSnapshot(at, name, name, call()),
        },
      });
      return Promise.resolve(new WordPress().flow(method)[step]?.run(context));
    },
    listed: async () =>
      (await driver.listSnapshots(at, call())).map(({ name, half }) =>
        half === null ? name : `${name} (${half})`,
      ),
    /** The storage does not let this one go; returns the way to repair that. */
    stick: (name: string) => {
      pve.faults.add({
        target: 'pve',
        method: 'DELETE',
        path: `/snapshot/${name}$`,
        kind: { taskError: 'rbd: error: image still has watchers' },
      });
      return () => {
        pve.faults.remove();
        pve.lock(at.vmid, undefined);
      };
    },
  };
}

t.test('newer backups that are discarded: one that stays half removed stops the rollback', async (t) => {
  const backups = ['b1', 'b2', 'b3'].map((name): Snapshot => ({ name, kind: 'backup', createdAt }));
  const { step, listed, stick } = await machine(t, ...backups);
  const discard = () => step('rollback', 'discard', { args: { name: 'b1', discard_newer: true } });
  const repair = stick('b2');
  for (const which of ['first', 'second']) {
    const error = await failsWith(t, 'container_host_busy', discard(), which);
    t.match(error.detail, COMMAND('b2'), which);
    t.same(await listed(), ['b1', 'b2 (delete)'], `${which}: the newest is gone, the half one is not`);
  }
  repair();
  await discard();
  t.same(await listed(), ['b1']);
});

t.test('an old safety snapshot that stays half removed is not forgotten', async (t) => {
  const { step, listed, stick } = await machine(
    t,
    { name: 'initial', kind: 'initial', createdAt },
    ...['safety-1', 'safety-2'].map((name): Snapshot => ({ name, kind: 'safety', createdAt })),
  );
  const repair = stick('safety-1');
  for (const notes of [{}, { name: 'safety-3' }]) {
    const error = await failsWith(t, 'container_host_busy', step('reset', 'safety', { notes }), 'refused');
    t.match(error.detail, COMMAND('safety-1'));
    t.same(await listed(), ['initial', 'safety-1 (delete)', 'safety-2', 'safety-3']);
  }
  repair();
  await step('reset', 'safety', { notes: { name: 'safety-3' } });
  t.same(await listed(), ['initial', 'safety-2', 'safety-3']);
});
