/** The collections of all modules in one state folder. */
import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import type { CollectionId, CollectionShape } from '../../../src/model/collection.js';
import { Collections } from '../../../src/state/collections/collection-store.js';
import { Disk } from '../../../src/state/files/disk.js';
import { SecretBox } from '../../../src/state/keys/secret-box.js';
import type { DamagedDocument } from '../../../src/state/stores/damaged.js';
import { MemoryDisk } from '../memory-disk.js';
import { BOX, CHECKS } from './opened.js';

const SHOP: CollectionId = { module: { type: 'product', name: 'shop' }, name: 'checks' };
const FILE = '/state/collections/product/shop/checks/000001.ndjson';
const doc = (key: string, also: object = {}) => ({ key, data: { host: key, port: 1, ...also } });
const signal = new AbortController().signal;

function opened(
  files: MemoryDisk,
  { box = BOX, mostInMemory }: { box?: SecretBox; mostInMemory?: number } = {},
) {
  const disk = new Disk(files);
  const damaged: DamagedDocument[] = [];
  const store = new Collections({
    ...{ disk, box, dir: '/state', now: () => '2026-03-01T12:00:00.000Z', warn: () => {} },
    onDamaged: (found) => void damaged.push(found),
    ...(mostInMemory === undefined ? {} : { mostInMemory }),
  });
  const insert = (id: CollectionId, shape: CollectionShape, ...keys: string[]) =>
    store.use(id, shape, (collection) => collection.insert(keys.map((key) => doc(key))));
  const keys = (id: CollectionId, shape: CollectionShape) =>
    store.use(id, shape, async (collection) => (await collection.page({})).documents.map(({ key }) => key));
  return { store, damaged, insert, keys };
}

async function disk(): Promise<MemoryDisk> {
  const files = new MemoryDisk();
  await new Disk(files).ensureFolder('/state');
  return files;
}

t.test('a module that is used under another shape is opened again, and no change is lost', async (t) => {
  const files = await disk();
  const { insert, keys } = opened(files);
  const also = { ...CHECKS, indexes: { ...CHECKS.indexes, port: { fields: ['port'], unique: false } } };
  await Promise.all([
    insert(SHOP, CHECKS, 'a'),
    insert(SHOP, also, 'b'),
    insert(SHOP, CHECKS, 'c'),
    insert(SHOP, also, 'd'),
  ]);
  t.same(await keys(SHOP, CHECKS), ['a', 'b', 'c', 'd']);
  t.same(await opened(files).keys(SHOP, also), ['a', 'b', 'c', 'd']);
});

t.test('collections are closed when too many documents are in memory, and opened again', async (t) => {
  const files = await disk();
  const { store, insert, keys } = opened(files, { mostInMemory: 5 });
  let reads = 0;
  const size = files.size.bind(files);
  files.size = (path) => {
    reads += 1;
    return size(path);
  };
  const other = { ...SHOP, name: 'others' };
  const shape = { ...CHECKS, name: 'others' };
  await insert(SHOP, CHECKS, 'a', 'b', 'c');
  await insert(other, shape, 'd', 'e', 'f');
  await store.idle();
  const before = reads;
  t.same(await keys(SHOP, CHECKS), ['a', 'b', 'c']);
  t.ok(reads > before, 'it was closed');
  t.same(await keys(other, shape), ['d', 'e', 'f']);
  const all = Array.from({ length: 20 }, (_, n) =>
    insert(n % 2 === 0 ? SHOP : other, n % 2 === 0 ? CHECKS : shape, `n${n}`),
  );
  await Promise.all(all);
  t.equal((await keys(SHOP, CHECKS)).length + (await keys(other, shape)).length, 26);
});

t.test('rules that changed need a migration, and a collection without documents none', async (t) => {
  const files = await disk();
  const { store, insert, keys } = opened(files);
  await insert(SHOP, CHECKS, 'a');
  const refusal = (word: string, message: RegExp) => ({ name: 'CollectionError', refusal: word, message });
  const changed = { ...CHECKS, rules: 'other' };
  await t.rejects(keys(SHOP, changed), refusal('unfit', /other rules for product\/shop\/checks/));
  await t.rejects(keys(SHOP, { ...changed, migration: 1 }), refusal('outdated', /0 of 1 migrations/));
  const unique = { ...CHECKS, indexes: { port: { fields: ['port'], unique: true } } };
  await insert(SHOP, CHECKS, 'b');
  await t.rejects(keys(SHOP, unique), refusal('unfit', /1 documents of .* the first is b: the document a/));
  const mistaken = store.migrate({ id: SHOP, shape: changed, end: 'used', signal, change: async () => [] });
  await t.rejects(mistaken, refusal('unfit', /no migration for them/));
  await store.use(SHOP, CHECKS, async (collection) => {
    await collection.remove('a');
    await collection.remove('b');
  });
  await insert(SHOP, changed, 'c');
  t.same(await opened(files).keys(SHOP, changed), ['c']);
  const later = { ...changed, migration: 1 };
  await store.migrate({ id: SHOP, shape: later, end: 'used', signal, change: async (chunk) => chunk });
  await t.rejects(keys(SHOP, changed), refusal('unfit', /use the later version/));
});

t.test('a migration can be kept apart, used later and discarded', async (t) => {
  const files = await disk();
  const { store, insert } = opened(files);
  await insert(SHOP, CHECKS, 'a', 'b');
  const next = { ...CHECKS, migration: 1, rules: 'next' };
  let calls = 0;
  const migrate = (end: 'kept' | 'used') =>
    store.migrate({
      ...{ id: SHOP, shape: next, end, signal },
      async change(chunk, done) {
        calls += 1;
        return chunk.map((one) => ({ ...one, data: { ...one.data, port: 7 + done } }));
      },
    });
  const port = (shape: CollectionShape) =>
    store.use(SHOP, shape, async (collection) => (await collection.get('a'))?.data['port']);
  await migrate('kept');
  t.equal(await port(CHECKS), 1, 'the former documents are in use');
  await migrate('used');
  t.equal(calls, 1, 'what was kept is used');
  t.equal(await port(next), 7);
  t.same(await files.list('/state/collections/product/shop/checks'), ['000002.ndjson']);

  const again = { ...next, migration: 2 };
  await store.migrate({ id: SHOP, shape: again, end: 'kept', signal, change: async (chunk) => chunk });
  t.equal((await files.list('/state/collections/product/shop/checks')).length, 2);
  await store.discard(SHOP.module);
  t.same(await files.list('/state/collections/product/shop/checks'), ['000002.ndjson']);
  t.equal(await port(next), 7);
});

t.test(
  'documents of services that are over are deleted, also those of a module that is not installed',
  async (t) => {
    const files = await disk();
    const shape = { ...CHECKS, service: true, rules: 's' };
    const of = (service: `${string}/${string}#${number}`, key: string) => ({ ...doc(key), service });
    const first = opened(files);
    await first.store.use(SHOP, shape, (collection) =>
      collection.insert([of('p/1#1', 'a'), of('p/1#2', 'b'), of('p/2#1', 'c')]),
    );
    await first.insert({ ...SHOP, name: 'others' }, CHECKS, 'x');
    t.equal(await first.store.removeOver((life) => life === 'p/1#1'), 1);
    t.same(await first.keys(SHOP, shape), ['b', 'c']);
    const { store, keys } = opened(files);
    t.equal(await store.removeOver((life) => life === 'p/2#1'), 1, 'nobody has opened it');
    t.same(await keys(SHOP, shape), ['b']);
    t.same(await keys({ ...SHOP, name: 'others' }, CHECKS), ['x']);
  },
);

t.test(
  'a file that has lost changes is set aside, and calls are refused until an operator has moved it',
  async (t) => {
    for (const [what, damage] of Object.entries({
      'a batch is gone': (lines: string[]) => lines.splice(2, 1),
      'a line is unreadable': (lines: string[]) => lines.splice(2, 1, `x${lines[2]}`),
      'the first line is unreadable': (lines: string[]) => lines.splice(0, 1, `x${lines[0]}`),
      'another release wrote it': (lines: string[]) =>
        lines.splice(0, 1, lines[0]?.replace('"format":1', '"format":2') ?? ''),
    })) {
      const files = await disk();
      const first = opened(files);
      for (const key of ['a', 'b', 'c']) await first.insert(SHOP, CHECKS, key);
      const lines = (await files.read(FILE)).split('\n');
      damage(lines);
      await files.write(FILE, lines.join('\n'));
      const { store, damaged, keys, insert } = opened(files);
      const refusal = { code: 'state_damaged', retryable: true };
      await t.rejects(keys(SHOP, CHECKS), refusal, what);
      t.match(damaged, [{ file: /^damaged\/collections\.product\.shop\.checks\.000001\.ndjson\.2026/ }]);
      await t.rejects(insert(SHOP, CHECKS, 'd'), refusal);
      await t.rejects(opened(files).keys(SHOP, CHECKS), refusal, 'also after a restart');
      t.equal(await store.removeOver(() => true), 0, 'other work goes on');
      const [name = ''] = await files.list('/state/damaged');
      await files.unlink(`/state/damaged/${name}`);
      t.same(await keys(SHOP, CHECKS), []);
    }
  },
);

t.test('a torn last line is what a crash leaves, and no damage', async (t) => {
  const files = await disk();
  await opened(files).insert(SHOP, CHECKS, 'a');
  await opened(files).insert(SHOP, CHECKS, 'b');
  const text = await files.read(FILE);
  await files.write(FILE, text.slice(0, -3));
  t.same(await opened(files).keys(SHOP, CHECKS), ['a']);
  await opened(files).insert(SHOP, CHECKS, 'c');
  t.same(await opened(files).keys(SHOP, CHECKS), ['a', 'c']);
});

t.test('a first change that fails halfway leaves nothing behind that hides the next one', async (t) => {
  const files = await disk();
  const { insert, keys } = opened(files);
  const append = files.append.bind(files);
  files.append = async (path, text) => {
    await append(path, text.slice(0, 9));
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  };
  await t.rejects(insert(SHOP, CHECKS, 'a'), { code: 'state_unavailable' });
  files.append = append;
  await insert(SHOP, CHECKS, 'b');
  t.same(await keys(SHOP, CHECKS), ['b']);
  t.same(await opened(files).keys(SHOP, CHECKS), ['b']);
});

t.test('all secrets are sealed with the new key, of modules that are not installed too', async (t) => {
  const files = await disk();
  const former = Buffer.alloc(32, 7);
  const { store } = opened(files);
  await store.use(SHOP, CHECKS, (collection) =>
    collection.insert([{ key: 'a', data: { token: new Secret('canary') } }]),
  );
  const next = { ...CHECKS, migration: 1, rules: 'n' };
  await store.migrate({ id: SHOP, shape: next, end: 'kept', signal, change: async (chunk) => chunk });
  const box = new SecretBox(Buffer.alloc(32, 8), [former]);
  const other = opened(files, { box });
  t.equal(await other.store.reseal((text) => box.holdsFormer(text)), 1);
  t.equal(await other.store.reseal((text) => box.holdsFormer(text)), 0);
  const alone = opened(files, { box: new SecretBox(Buffer.alloc(32, 8)) });
  const token = await alone.store.use(
    SHOP,
    CHECKS,
    async (collection) => (await collection.get('a'))?.data['token'],
  );
  t.same(token, new Secret('canary'));
  for (const name of await files.list('/state/collections/product/shop/checks'))
    t.notOk(box.holdsFormer(await files.read(`/state/collections/product/shop/checks/${name}`)), name);
});

t.test('a module loses all of its documents when they are dropped, and no other module does', async (t) => {
  const files = await disk();
  const { store, insert, keys } = opened(files);
  const other: CollectionId = { module: { type: 'plugin', name: 'shop' }, name: 'checks' };
  await insert(SHOP, CHECKS, 'a');
  await insert(other, CHECKS, 'b');
  await store.drop(SHOP.module);
  t.same(await keys(SHOP, CHECKS), []);
  t.same(await keys(other, CHECKS), ['b']);
  await store.drop(SHOP.module);
  t.same(await opened(files).keys(SHOP, CHECKS), []);
});
