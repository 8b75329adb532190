/** A module's migrations over some documents, as their process runs them. */
import t from 'tap';
import type { CollectionMigration, StoredDocument } from '../../../src/modules/kit/collection-types.js';
import { migrateChunk } from '../../../src/modules/collections/migrate-chunk.js';

const schema = {
  type: 'object',
  properties: { n: { type: 'integer' }, size: { type: 'integer', default: 1 }, token: { type: 'string' } },
  required: ['n'],
  additionalProperties: false,
};
const collections = { checks: { schema, encrypted: ['token'] }, others: { schema } };
const document = (data: StoredDocument['data']): StoredDocument => ({
  ...{ key: 'a', version: 1, service: null, data },
  ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
});
const versions = { from: '1.0.0', to: '2.0.0' };
const migrate = (
  runs: readonly Partial<CollectionMigration>[],
  done = 0,
  data: StoredDocument['data'] = { n: 1 },
) =>
  migrateChunk(
    { collections, migrations: runs.map((one) => ({ ...versions, run: ({ data }) => data, ...one })) },
    { collection: 'checks', documents: [document(data)], done },
  );
const add = (by: number): Partial<CollectionMigration> => ({
  run: async ({ data }) => ({ ...data, n: Number(data['n']) + by }),
});

t.test('the migrations that are due run one after the other', async (t) => {
  t.same(await migrate([add(1), { ...add(10), collections: ['others'] }, add(100)]), [{ n: 102, size: 1 }]);
  t.same(await migrate([add(1), add(100)], 1), [{ n: 101, size: 1 }]);
  t.same(await migrate([{ run: () => null }, add(1)]), [null], 'a deleted document is not migrated further');
});

t.test('an encrypted field stays a reference, or becomes a new text', async (t) => {
  const ref = { secret: 'collection/checks/token/a' };
  t.same(await migrate([add(1)], 0, { n: 1, token: ref }), [{ n: 2, size: 1, token: ref }]);
  t.same(await migrate([{ run: ({ data }) => ({ ...data, token: 'new' }) }]), [
    { n: 1, size: 1, token: 'new' },
  ]);
});

t.test('what cannot be stored is named with its document', async (t) => {
  const rejects = (run: unknown, message: RegExp) =>
    t.rejects(migrate([{ run: run as CollectionMigration['run'] }]), { message });
  await rejects(() => {
    throw new Error('no luck');
  }, /^the document a: no luck$/);
  await rejects(() => ({ n: 'x' }), /^the document a: .*data.n must be integer/);
  await rejects(() => ({ n: 1, more: 1 }), /^the document a: /);
  await rejects(() => 5, /neither an object nor null/);
  await rejects(() => undefined, /neither an object nor null/);
  await rejects(() => ({ n: 1n }), /BigInt/);
  await rejects(() => ({ n: 1, token: 'x'.repeat(70_000) }), /larger than/);
  const other = migrateChunk({ collections }, { collection: 'constructor', documents: [], done: 0 });
  await t.rejects(other, /declares no collection/);
});
