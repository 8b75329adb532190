import t from 'tap';
import { mayRollBackTo, noSuchBackup, requireSnapshots } from '../../src/model/snapshot-rules.js';
import type { Changes } from '../fakes/parts.js';
import { aJob, aService } from '../fakes/samples.js';

const snapshots = (['initial', 'b1', 'b2'] as const).map((name) => ({
  ...{ name, kind: name === 'initial' ? ('initial' as const) : ('backup' as const), createdAt: '' },
}));
const service = (also: Changes = {}) => aService({ snapshots, ...also });

t.test('a storage that cannot make snapshots is named as the reason', async (t) => {
  t.throws(() => requireSnapshots('none'), { code: 'snapshots_unavailable' });
  for (const ability of ['any', 'newest', undefined] as const)
    t.doesNotThrow(() => requireSnapshots(ability), 'what is not known is tried');
});

t.test('which snapshots a service may go back to', async (t) => {
  const removing = { jobs: [aJob({ method: 'removeBackup', args: { name: 'b2' } })] };
  for (const [name, ability, discardNewer, also, code] of [
    ['b2', 'any', false, {}, undefined],
    ['initial', 'any', false, {}, undefined],
    ['initial', undefined, false, {}, undefined],
    ['b2', 'newest', false, {}, undefined],
    ['b1', 'newest', false, {}, 'backup_not_newest'],
    ['b1', 'newest', true, {}, undefined],
    ['b2', 'none', false, {}, 'snapshots_unavailable'],
    ['b3', 'any', false, {}, 'backup_not_found'],
    ['b2', 'any', false, removing, 'backup_not_found'],
    ['b1', 'any', false, removing, undefined],
    ['b1', 'any', false, { guest: null }, 'backup_not_found'],
  ] as const) {
    const may = () => mayRollBackTo(service(also), name, { ability, discardNewer });
    if (code === undefined) t.doesNotThrow(may, name);
    else t.throws(may, { code }, `${name}: ${code}`);
  }
  t.throws(() => mayRollBackTo(service(), 'initial', { ability: 'newest', discardNewer: false }), {
    message: /To delete b1, b2 first, send/,
  });
});

t.test('only a name that a customer sent is a wrong field', async (t) => {
  t.match(noSuchBackup('b3'), { code: 'backup_not_found', fields: { bak: 'is not the name of a backup' } });
  t.equal(noSuchBackup('initial').fields, undefined);
});
