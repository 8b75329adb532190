import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { COLLECTION_LIMITS, type ServiceLife } from '../../../src/model/collection.js';
import { SecretBox } from '../../../src/state/keys/secret-box.js';
import { MemoryDisk } from '../memory-disk.js';
import { BOX, keysOf, opened } from './opened.js';

const check = (key: string, also: object = {}) => ({
  key,
  data: { host: `${key}.example`, port: 443, ...also },
});
const refusal = (word: string) => ({ name: 'CollectionError', refusal: word });

t.test('a document is inserted, read, updated and deleted, also after a restart', async (t) => {
  const disk = new MemoryDisk();
  const { collection } = await opened(disk);
  const [made] = await collection.insert([check('a', { state: 'up' })]);
  t.match(made, { key: 'a', version: 1, service: null, createdAt: /^2026/, data: { host: 'a.example' } });
  t.same(await collection.get('a'), made);
  const next = await collection.update('a', (data) => ({ ...data, state: 'down' }), 1);
  t.match(next, { version: 2, data: { state: 'down', port: 443 } });
  await collection.insert([check('b')]);
  t.equal(await collection.remove('b'), true);
  t.equal(await collection.remove('b'), false);
  const again = await opened(disk);
  t.same(await again.collection.get('a'), next);
  t.equal(await again.collection.get('b'), undefined);
  t.equal(again.collection.count, 1);
});

t.test('what does not fit is refused, and changes nothing', async (t) => {
  const disk = new MemoryDisk();
  const { collection } = await opened(disk);
  await collection.insert([check('a')]);
  const refused = (work: Promise<unknown>, word: string): Promise<unknown> =>
    t.rejects(work, refusal(word), word);
  await refused(collection.insert([check('a')]), 'exists');
  await refused(
    collection.update('x', (data) => data),
    'missing',
  );
  await refused(
    collection.update('a', (data) => data, 2),
    'stale',
  );
  await refused(collection.remove('a', 2), 'stale');
  await refused(
    collection.insert([check('b'), { key: 'c', data: { host: 'a.example', port: 443 } }]),
    'not_unique',
  );
  t.equal(await collection.get('b'), undefined, 'all or none');
  await refused(collection.insert([check('d', { state: { deep: 1 } })]), 'not_indexable');
  await refused(collection.insert([check('e', { state: 'x'.repeat(201) })]), 'not_indexable');
  for (const key of ['', '../a', 'a/b', 'a\u0000', 'x'.repeat(129)])
    await refused(collection.insert([check(key)]), 'invalid');
  await refused(
    collection.insert([check('f', { filler: 'x'.repeat(COLLECTION_LIMITS.documentBytes) })]),
    'invalid',
  );
  await refused(collection.insert([{ ...check('g'), service: 'default/1#1' }]), 'invalid');
  const many = Array.from({ length: COLLECTION_LIMITS.atOnce + 1 }, (_, n) => check(`m${n}`));
  await refused(collection.insert(many), 'invalid');
  t.same(await keysOf(await opened(disk)), ['a']);
});

t.test(
  'values are unique across all changes of one moment, and free again once they are given up',
  async (t) => {
    const { collection } = await opened(new MemoryDisk());
    const same = (key: string) => collection.insert([{ key, data: { host: 'one.example', port: 1 } }]);
    const both = await Promise.allSettled([same('a'), same('b')]);
    t.same(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    const moved = collection.update('a', (data) => ({ ...data, port: 2 }));
    t.equal((await Promise.all([moved, same('b')])).length, 2);
    const gone = collection.remove('b');
    await Promise.all([gone, same('c')]);
    t.equal(collection.count, 2);
    await collection.insert([
      { key: 'n1', data: {} },
      { key: 'n2', data: { host: null } },
    ]);
    t.equal(collection.count, 4, 'without any value nothing has to be unique');
  },
);

t.test('changes of one document at one moment are applied one after another', async (t) => {
  const { collection } = await opened(new MemoryDisk());
  await collection.insert([{ key: 'n', data: { count: 0 } }]);
  const add = () => collection.update('n', ({ count }) => ({ count: Number(count) + 1 }));
  await Promise.all(Array.from({ length: 100 }, add));
  t.match(await collection.get('n'), { version: 101, data: { count: 100 } });
});

t.test('pages in the order of an index, in both directions, within bounds', async (t) => {
  const { collection } = await opened(new MemoryDisk());
  const at = [-5, 0.5, 2, 10, 100];
  await collection.insert([
    ...at.map((at, n) => ({ key: `u${n}`, data: { host: 'u', port: n, state: 'up', at } })),
    ...at.map((at, n) => ({ key: `d${n}`, data: { host: 'd', port: n, state: 'down', at } })),
    { key: 'none', data: { host: 'x', port: 0 } },
  ]);
  const keys = async (query: object): Promise<string[]> => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await collection.page({
        index: 'state',
        limit: 2,
        ...query,
        ...(after === undefined ? {} : { after }),
      });
      t.ok(page.documents.length <= 2);
      found.push(...page.documents.map(({ key }) => key));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  };
  t.same(await keys({ equals: ['up'] }), ['u0', 'u1', 'u2', 'u3', 'u4']);
  t.same(await keys({ equals: ['up'], descending: true }), ['u4', 'u3', 'u2', 'u1', 'u0']);
  t.same(await keys({ equals: ['up'], from: 0.5, to: 100 }), ['u1', 'u2', 'u3']);
  t.same(await keys({ equals: ['up'], from: 0.5, to: 100, descending: true }), ['u3', 'u2', 'u1']);
  t.same(await keys({ equals: ['up', 10] }), ['u3']);
  t.same(await keys({ equals: ['u'] }), [], 'a text is not found by its beginning');
  t.same((await keys({})).slice(0, 2), ['none', 'd0'], 'a missing value comes first');
  await t.rejects(collection.page({ index: 'other' }), refusal('invalid'));
  await t.rejects(collection.page({ index: 'state', equals: ['a', 1, 2] }), refusal('invalid'));
  const { next } = await collection.page({ index: 'state', equals: ['up'], limit: 1 });
  await t.rejects(
    collection.page({ index: 'state', equals: ['down'], after: next ?? '' }),
    refusal('invalid'),
  );
});

t.test('texts and numbers sort by their values', async (t) => {
  const { collection } = await opened(new MemoryDisk());
  const values = [
    null,
    false,
    true,
    -1e300,
    -2,
    -0.5,
    0,
    1e-9,
    3,
    1e300,
    '',
    'Z',
    'a',
    'a\u0000',
    'a\u0001',
    'ab',
    'é',
  ];
  await collection.insert(values.toReversed().map((state, n) => ({ key: `k${n}`, data: { state } })));
  const { documents } = await collection.page({ index: 'state' });
  t.same(
    documents.map(({ data }) => data['state']),
    values,
  );
});

t.test('documents of a service are deleted with it', async (t) => {
  const { collection } = await opened(new MemoryDisk(), { service: true });
  const of = (service: ServiceLife, key: string) => ({ key, service, data: { port: key } });
  const many = Array.from({ length: 250 }, (_, n) => of('default/1#1', `a${n}`));
  await collection.insert([...many, of('default/1#10', 'b'), of('other/1#1', 'c')]);
  const { documents } = await collection.page({ service: 'default/1#10' });
  t.same(
    documents.map(({ key }) => key),
    ['b'],
  );
  t.same([...collection.services()], ['default/1#1', 'default/1#10', 'other/1#1']);
  t.equal(await collection.removeOf('default/1#1'), 250);
  t.same([...collection.services()], ['default/1#10', 'other/1#1']);
  t.equal(collection.count, 2);
  await t.rejects(collection.insert([check('x')]), refusal('invalid'));
});

t.test(
  'secrets are sealed in the file, bound to their document, and sealed again with a new key',
  async (t) => {
    const disk = new MemoryDisk();
    const former = Buffer.alloc(32, 7);
    const { collection } = await opened(disk);
    await collection.insert([
      { key: 'a', data: { token: new Secret('canary') } },
      { key: 'b', data: {} },
    ]);
    const text = await disk.read('/checks/000001.ndjson');
    t.notMatch(text, 'canary');
    t.match(await collection.get('a'), { data: { token: new Secret('canary') } });
    await disk.write('/checks/000001.ndjson', text.replace('"key":"a"', '"key":"z"'));
    await t.rejects((await opened(disk)).collection.get('z'), /cannot be decrypted/);
    await disk.write('/checks/000001.ndjson', text);
    const next = new SecretBox(Buffer.alloc(32, 8), [former]);
    const other = await opened(disk, {}, next);
    const isOld = (text: string): boolean => next.holdsFormer(text);
    t.equal(await other.collection.reseal(isOld), 2);
    t.equal(await other.collection.reseal(isOld), 0);
    const alone = await opened(disk, {}, new SecretBox(Buffer.alloc(32, 8)));
    t.match(await alone.collection.get('a'), { data: { token: new Secret('canary') } });
    t.equal(BOX.keyId === next.keyId, false);
  },
);

t.test('a file is rewritten when most of it is waste, while documents are read and changed', async (t) => {
  const disk = new MemoryDisk();
  const { collection } = await opened(disk);
  const filler = 'x'.repeat(60_000);
  await collection.insert([check('a', { filler, n: 0 }), check('b', { filler })]);
  for (let n = 1; n <= 40; n += 1) {
    const [, seen] = await Promise.all([
      collection.update('a', (data) => ({ ...data, n })),
      collection.get('b'),
    ]);
    t.ok(seen);
  }
  await collection.idle();
  const names = await disk.list('/checks');
  t.equal(names.length, 1, names.join());
  t.ok((await disk.size(`/checks/${names[0]}`)) < 2_000_000);
  t.not(names[0], '000001.ndjson');
  const again = await opened(disk);
  t.match(await again.collection.get('a'), { version: 41, data: { n: 40 } });
  t.match(await again.collection.get('b'), { version: 1 });
});

t.test('documents that do not fit the indexes declared now are listed, and found by their key', async (t) => {
  const disk = new MemoryDisk();
  const { collection } = await opened(disk);
  await collection.insert([check('a', { name: 'x' }), check('b', { name: 'x' }), check('c', { name: {} })]);
  const also = { indexes: { name: { fields: ['name'], unique: true } } };
  const { misfits, collection: other } = await opened(disk, also);
  t.same([...misfits.keys()], ['b', 'c']);
  t.ok(await other.get('c'));
  await collection.remove('c');
  await collection.update('b', (data) => ({ ...data, name: 'y' }));
  t.equal((await opened(disk, also)).misfits.size, 0);
});

t.test('a change that is reported as failed stays undone, even if it reached the disk', async (t) => {
  for (const syscall of ['write', 'fsync'] as const) {
    const disk = new MemoryDisk();
    const { collection } = await opened(disk);
    await collection.insert([check('a')]);
    disk.fault = (call) => (call === syscall ? 'ENOSPC' : undefined);
    await t.rejects(collection.insert([check('b')]), { code: 'state_unavailable' });
    await t.rejects(collection.insert([check('c')]), { code: 'state_unavailable' });
    disk.fault = () => undefined;
    t.equal(await collection.get('b'), undefined);
    await collection.insert([check('d')]);
    t.same(await keysOf(await opened(disk)), ['a', 'd'], syscall);
  }
});

t.test('a get reads one document and a page those that it shows, among 100 as among 10,000', async (t) => {
  const reads = async (count: number): Promise<number[]> => {
    const disk = new MemoryDisk();
    const first = await opened(disk);
    for (let from = 0; from < count; from += 1000)
      await first.collection.insert(
        Array.from({ length: Math.min(count, 1000) }, (_, n) => {
          const key = `k${String(from + n).padStart(5, '0')}`;
          return { key, data: { host: key, port: 1, state: n % 2 === 0 ? 'up' : 'down', at: from + n } };
        }),
      );
    const { collection } = await opened(disk);
    let seen = 0;
    const readRange = disk.readRange.bind(disk);
    disk.readRange = (...args) => {
      seen += 1;
      return readRange(...args);
    };
    const found: number[] = [];
    for (const work of [
      () => collection.get('k00050'),
      () => collection.page({ limit: 10 }),
      () => collection.page({ index: 'state', equals: ['up'], from: 20, limit: 10, descending: true }),
      () => collection.page({ index: 'host', equals: ['k00007'] }),
      () => collection.update('k00051', (data) => data),
    ]) {
      seen = 0;
      await work();
      found.push(seen);
    }
    return found;
  };
  const few = await reads(100);
  t.same(few, [1, 10, 10, 1, few[4]]);
  t.same(await reads(10_000), few);
});
