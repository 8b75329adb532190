/** The cache of each module: bounded in memory and on disk, and never a reason for a failure. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { neverAborted } from '../../../src/kernel/async/never.js';
import type { Json } from '../../../src/kernel/json.js';
import { moduleCache, type ModuleCacheDeps } from '../../../src/modules/calls/cache.js';
import type { ModuleCaller } from '../../../src/jobs/effects/module-calls.js';
import { remember } from '../../../src/modules/kit/remember.js';
import { SecretBox } from '../../../src/state/keys/secret-box.js';
import { handClock } from '../../fakes/clock.js';
import { testFolder } from '../../test-folder.js';
import { moduleCalls } from './harness.js';

const OTHER = { module: { type: 'product', name: 'other' } };

async function filesOf(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

t.test('a value is there until its time has passed, and only for its module', async (t) => {
  const { call, as, clock } = await moduleCalls(t);
  t.equal(await call('cache.get', 'rates'), null);
  await call('cache.put', 'rates', { eur: 1.1 }, { ttlS: 60 });
  t.same(await call('cache.get', 'rates'), { eur: 1.1 });
  t.equal(await as(OTHER).call('cache.get', 'rates'), null);
  clock.jump(59_000);
  t.same(await call('cache.get', 'rates'), { eur: 1.1 });
  clock.jump(1_000);
  t.equal(await call('cache.get', 'rates'), null);
  await call('cache.put', 'rates', 1);
  clock.jump(3_599_000);
  t.equal(await call('cache.get', 'rates'), 1, 'an hour without a time of its own');
  t.equal(await call('cache.forget', 'rates'), true);
  t.equal(await call('cache.forget', 'rates'), false);
  t.equal(await call('cache.get', 'rates'), null);
});

t.test('values of a tag are removed together', async (t) => {
  const { call, as } = await moduleCalls(t);
  await call('cache.put', 'a', 1, { tags: ['server:1', 'usage'] });
  await call('cache.put', 'b', 2, { tags: ['server:2'] });
  await call('cache.put', 'c', 3);
  await as(OTHER).call('cache.put', 'a', 4, { tags: ['usage'] });
  t.equal(await call('cache.flush', ['usage', 'nothing']), 1);
  const left = async (): Promise<unknown[]> =>
    Promise.all(['a', 'b', 'c'].map((key) => call('cache.get', key)));
  t.same(await left(), [null, 2, 3]);
  t.equal(await call('cache.flush'), 2);
  t.same(await left(), [null, null, null]);
  t.equal(await as(OTHER).call('cache.get', 'a'), 4);
});

t.test('values survive a restart, encrypted; what was changed or cannot be read is gone', async (t) => {
  const first = await moduleCalls(t);
  const { stateDir } = first;
  await first.call('cache.put', 'token', 'canary-Qv30', { tags: ['x'] });
  await first.call('cache.put', 'damaged', 1);
  const files = await filesOf(stateDir);
  t.equal(files.length, 2);
  for (const file of files) {
    t.notMatch(await readFile(file, 'utf8'), /canary|Q3Zhbm|token/);
    t.equal((await stat(file)).mode & 0o777, 0o600);
  }
  const again = await moduleCalls(t, { stateDir });
  t.equal(await again.call('cache.get', 'token'), 'canary-Qv30');
  t.equal(await again.call('cache.flush', ['x']), 1, 'with its tags');
  const [left = ''] = await filesOf(stateDir);
  await writeFile(left, (await readFile(left, 'utf8')).replace(/.{4}$/, 'AAAA'));
  await writeFile(join(left, '..', '.0123.tmp'), 'half');
  const third = await moduleCalls(t, { stateDir });
  t.equal(await third.call('cache.get', 'damaged'), null);
  t.same(await filesOf(stateDir), [], 'and their files are removed');
});

const caller: ModuleCaller = {
  ...{ module: { type: 'product', name: 'shop' }, service: null, signal: neverAborted() },
  log: pino({ enabled: false }),
  secrets: { find: async () => undefined, change: async () => undefined },
};

function small(t: Test, limits: ModuleCacheDeps['limits']) {
  const stateDir = testFolder(t);
  const cache = moduleCache({
    ...{ stateDir, clock: handClock(), log: pino({ enabled: false }) },
    box: new SecretBox(Buffer.alloc(32, 3)),
    ...(limits ? { limits } : {}),
  });
  return { cache, stateDir };
}

t.test('the disk keeps at most so many values and bytes: the least recently used go first', async (t) => {
  const { cache, stateDir } = small(t, { memoryBytes: 1, diskBytes: 100_000, entries: 3 });
  for (const key of ['a', 'b', 'c']) await cache.put(caller, key, key);
  t.equal(await cache.get(caller, 'a'), 'a');
  await cache.put(caller, 'd', 'd');
  t.same(await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(caller, key))), ['a', null, 'c', 'd']);
  t.equal((await filesOf(stateDir)).length, 3);
  await cache.put(caller, 'large', 'x'.repeat(60_000));
  const sizes = await Promise.all((await filesOf(stateDir)).map(async (file) => (await stat(file)).size));
  t.ok(sizes.reduce((sum, size) => sum + size, 0) <= 100_000, String(sizes));
  t.equal(await cache.get(caller, 'large'), 'x'.repeat(60_000));
});

t.test('memory keeps what was used last; a disk that cannot be written is no failure', async (t) => {
  const { cache, stateDir } = small(t, { memoryBytes: 5_000, diskBytes: 100_000, entries: 100 });
  const folder = join(stateDir, '.module-cache', 'product');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'shop'), 'a file where the folder should be');
  await cache.put(caller, 'a', 'x'.repeat(3_000));
  t.equal(await cache.get(caller, 'a'), 'x'.repeat(3_000));
  await cache.put(caller, 'b', 'y'.repeat(3_000));
  t.same(await Promise.all(['a', 'b'].map((key) => cache.get(caller, key))), [null, 'y'.repeat(3_000)]);
  await rm(join(folder, 'shop'));
  await cache.put(caller, 'c', 1);
  t.equal((await filesOf(stateDir)).length, 1, 'later values are on disk again');
});

t.test('`remember` computes what is not there, and keeps everything but null', async (t) => {
  const { call } = await moduleCalls(t);
  const cache = {
    get: (key: string) => call('cache.get', key),
    put: (key: string, value: Json) => call('cache.put', key, value),
    forget: (key: string) => call('cache.forget', key),
    flush: () => call('cache.flush'),
  };
  let made = 0;
  const make = async (): Promise<number> => (made += 1);
  t.equal(await remember(cache, 'n', {}, make), 1);
  t.equal(await remember(cache, 'n', {}, make), 1);
  t.equal(await remember(cache, 'none', {}, () => null), null);
  t.equal(await remember(cache, 'none', {}, () => false), false);
  t.equal(await remember(cache, 'none', {}, () => true), false);
  await t.rejects(
    remember(cache, 'fails', {}, () => {
      throw new Error('no luck');
    }),
    /no luck/,
  );
  t.equal(await call('cache.get', 'fails'), null);
});
