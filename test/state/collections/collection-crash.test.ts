import t from 'tap';
import { migrateCollection } from '../../../src/state/collections/migrate-collection.js';
import { MemoryDisk } from '../memory-disk.js';
import { CHECKS, keysOf, opened } from './opened.js';

const check = (key: string, also: object = {}) => ({ key, data: { host: key, port: 1, ...also } });

/** Inserts, updates and deletes; returns what was acknowledged, also when the power goes. */
async function work(disk: MemoryDisk): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  try {
    const { collection } = await opened(disk);
    const insert = async (...keys: string[]): Promise<void> => {
      await collection.insert(keys.map((key) => check(key)));
      for (const key of keys) known.set(key, 1);
    };
    await insert('a', 'b');
    known.set('a', (await collection.update('a', (data) => ({ ...data, state: 'up' }))).version);
    await Promise.all([insert('c'), collection.remove('b').then(() => known.set('b', 0))]);
    known.set('c', (await collection.update('c', (data) => data)).version);
  } catch {
    // the power is gone
  }
  return known;
}

t.test(
  'after a power cut at any point every acknowledged change is there, and each insertion whole or not',
  async (t) => {
    const whole = new MemoryDisk();
    t.same(Object.fromEntries(await work(whole)), { a: 2, b: 0, c: 2 });
    let disks = 0;
    for (let cut = 0; cut <= whole.steps; cut += 1) {
      const disk = new MemoryDisk();
      disk.cutAt = cut;
      const known = await work(disk);
      for (const found of disk.afterPowerCut()) {
        disks += 1;
        const { collection } = await opened(found);
        for (const [key, least] of known) {
          const version = (await collection.get(key))?.version ?? 0;
          if (least > 0 ? version < least && key !== 'b' : version !== 0)
            t.fail(`cut ${cut}: ${key} is ${version}, not ${least}`);
        }
        if (!known.has('a') && Boolean(await collection.get('a')) !== Boolean(await collection.get('b')))
          t.fail(`cut ${cut}: half an insertion`);
        await collection.insert([check('next')]);
        if (!(await (await opened(found)).collection.get('next'))) t.fail(`cut ${cut}: it does not go on`);
      }
    }
    t.ok(disks > whole.steps, `${disks} disks at ${whole.steps} points`);
  },
);

const NEXT = { ...CHECKS, migration: 1 };

/** Migrates 250 documents; the power goes at `cut`, or `change` fails. */
async function migrate(disk: MemoryDisk, change?: () => void): Promise<{ readonly chunks: number }> {
  const { collection, files, file, texts } = await opened(disk);
  let chunks = 0;
  await migrateCollection({
    ...{ collection, files, file, texts, end: 'used', shape: NEXT },
    now: () => '2026-04-01T12:00:00.000Z',
    signal: new AbortController().signal,
    change: async (chunk) => {
      chunks += 1;
      change?.();
      return chunk.map(({ key, service, data }) => ({ key, service, data: { ...data, moved: true } }));
    },
  });
  return { chunks };
}

async function filled(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { collection } = await opened(disk);
  await collection.insert(Array.from({ length: 250 }, (_, n) => check(`k${String(n).padStart(3, '0')}`)));
  return disk.copy();
}

t.test(
  'a migration changes all documents or none, wherever it is killed, and does not repeat whole chunks',
  async (t) => {
    const source = await filled();
    const whole = source.copy();
    t.equal((await migrate(whole)).chunks, 3);
    const steps = whole.steps;
    let resumed = 0;
    for (let cut = 0; cut <= steps; cut += 1) {
      const disk = source.copy();
      disk.cutAt = cut;
      await migrate(disk).catch(() => undefined);
      for (const found of disk.afterPowerCut()) {
        const before = await opened(found);
        if (before.collection.migration === 0) {
          if ((await before.collection.get('k000'))?.data['moved'] !== undefined)
            t.fail(`cut ${cut}: half migrated`);
          if ((await migrate(found)).chunks < 3) resumed += 1;
        }
        const { collection } = await opened(found, NEXT);
        if (collection.migration !== 1 || collection.count !== 250) t.fail(`cut ${cut}: ${collection.count}`);
        for await (const { key, version, data } of collection.each())
          if (data['moved'] !== true || version !== 2) t.fail(`cut ${cut}: ${key} is not migrated`);
      }
    }
    t.ok(resumed > 0, `${resumed} continued`);
  },
);

t.test('a migration that fails, or whose documents do not fit, leaves everything as it was', async (t) => {
  const disk = await filled();
  await t.rejects(
    migrate(disk, () => {
      throw new Error('bad data');
    }),
    { message: 'bad data' },
  );
  t.same(await disk.list('/checks'), ['000001.ndjson']);
  const { collection, files, file, texts } = await opened(disk);
  const same = migrateCollection({
    ...{
      collection,
      files,
      file,
      texts,
      end: 'used',
      shape: NEXT,
      now: () => '',
      signal: new AbortController().signal,
    },
    change: async (chunk) =>
      chunk.map(({ key, service }) => ({ key, service, data: { host: 'same', port: 1 } })),
  });
  await t.rejects(same, { name: 'CollectionError', message: /has the same values/ });
  t.same(await disk.list('/checks'), ['000001.ndjson']);
  t.equal((await keysOf(await opened(disk))).length, 250);
});

t.test('a migration that is aborted continues where it stopped, unless the documents changed', async (t) => {
  const disk = await filled();
  const { collection, files, file, texts } = await opened(disk);
  const aborter = new AbortController();
  const seen: string[] = [];
  const parts = {
    collection,
    files,
    file,
    texts,
    end: 'used' as const,
    shape: NEXT,
    now: () => '2026-04-01T12:00:00.000Z',
  };
  const change = async (
    chunk: readonly { readonly key: string; readonly service: null; readonly data: object }[],
  ) => {
    seen.push(chunk[0]?.key ?? '');
    if (seen.length === 2) aborter.abort(new Error('the agent stops'));
    return chunk.map(({ key, service }) => ({ key, service, data: { moved: true } }));
  };
  const run = (signal: AbortSignal) => migrateCollection({ ...parts, signal, change: change as never });
  await t.rejects(run(aborter.signal), { message: 'the agent stops' });
  await run(new AbortController().signal);
  t.same(seen, ['k000', 'k100', 'k100', 'k200']);
  t.equal((await opened(disk, NEXT)).collection.count, 250);
});

t.test('a copy of documents that have changed since is not continued', async (t) => {
  const disk = await filled();
  const { collection, files, file, texts } = await opened(disk);
  const aborter = new AbortController();
  const first = migrateCollection({
    ...{ collection, files, file, texts, end: 'used', shape: NEXT, now: () => '', signal: aborter.signal },
    async change(chunk) {
      if (chunk[0]?.key === 'k100') aborter.abort(new Error('the agent stops'));
      return chunk;
    },
  });
  await t.rejects(first, { message: 'the agent stops' });
  await collection.update('k000', (data) => ({ ...data, state: 'late' }));
  t.equal((await migrate(disk)).chunks, 3);
  t.match(await (await opened(disk, NEXT)).collection.get('k000'), { data: { state: 'late', moved: true } });
});

t.test('an empty collection is migrated without a file', async (t) => {
  const disk = new MemoryDisk();
  t.equal((await migrate(disk)).chunks, 0);
  t.same(await disk.list('/').catch(() => []), []);
  t.equal((await opened(disk, NEXT)).collection.migration, 1);
});
