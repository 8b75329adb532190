import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type CacheKey, declarationsCache } from '../../src/modules/discovery/declarations-cache.js';
import { discover, type DiscoveredModule, readerOf } from '../../src/modules/discovery/discover.js';
import { readLimits, readModule } from '../../src/modules/discovery/read-module.js';
import { findModules, shippedModules } from '../../src/modules/loader.js';
import type { RunningCode } from '../../src/modules/strikes.js';
import { sound } from '../fakes/accidents.js';
import { testFolder } from '../test-folder.js';

const READER = readerOf(dirname(shippedModules()));

interface Shelf {
  readonly folder: string;
  readonly cacheFolder: string;
  readonly put: (text: string) => Promise<void>;
  readonly look: (now?: number, size?: number) => Promise<DiscoveredModule | undefined>;
  /** How often the module's code ran. */
  readonly ran: () => Promise<number>;
}

async function shelf(t: Test): Promise<Shelf> {
  const dir = testFolder(t);
  const folder = join(dir, 'product', 'some');
  const marks = join(dir, 'ran.txt');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const put = (text: string): Promise<void> =>
    writeFile(
      join(folder, 'module.js'),
      `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(marks)}, 'x');\n${text}`,
    );
  await put(sound('some'));
  return {
    folder,
    cacheFolder: join(dir, 'modules', '.declarations'),
    put,
    async look(now = 1_000_000, size = 0) {
      const cache = declarationsCache(dir, () => now);
      const deps = { reader: READER, cache, isShipped: () => false, limits: readLimits(5) };
      const [found] = await discover(deps, await findModules([dir]), size === 0 ? {} : { some: { size } });
      return found;
    },
    ran: async () => (await readFile(marks, 'utf8').catch(() => '')).length,
  };
}

t.test('a module is read once for each content, settings and reader', async (t) => {
  const { put, look, ran } = await shelf(t);
  const first = await look();
  t.match(first, { problem: null, read: { declared: { info: { name: 'some' } } } });
  t.same(await look(), first);
  t.equal(await ran(), 1);
  await look(undefined, 7);
  t.equal(await ran(), 2, 'other settings');
  await put(sound('some', 'parts = ["guest"];'));
  t.match(await look(), { read: { declared: { parts: ['guest'] } } });
  t.equal(await ran(), 3, 'another content');
});

t.test('a cache that is damaged, of another form or not writable costs nothing but time', async (t) => {
  const { cacheFolder, look, ran } = await shelf(t);
  const first = await look();
  const file = join(cacheFolder, 'product.some.json');
  const good = await readFile(file, 'utf8');
  const wrong = ['', '{', '[]', 'null', '{}', good.slice(0, -20), good.replace('"1.0.0"', '"new"')];
  for (const [index, text] of wrong.entries()) {
    await writeFile(file, text);
    t.same(await look(), first, text.slice(0, 40));
    t.equal(await ran(), index + 2);
  }
  t.same(await readdir(cacheFolder), ['product.some.json'], 'nothing is left beside it');
  await rm(cacheFolder, { recursive: true });
  await writeFile(cacheFolder, 'a file is in the way');
  t.same(await look(), first);
});

t.test('a failure is not kept, but for one that lets everybody wait', async (t) => {
  const { put, look, ran } = await shelf(t);
  await put("throw new Error('no luck');");
  t.match(await look(), { problem: /no luck/, read: null });
  t.match(await look(), { problem: /no luck/ });
  t.equal(await ran(), 2);
  await put('for (;;);');
  t.match(await look(), { problem: /did not finish within 5 s/ });
  t.match(await look(1_000_000 + 3_599_999), { problem: /did not finish/ });
  t.equal(await ran(), 3, 'for an hour no start waits for it');
  t.match(await look(1_000_000 + 3_600_000), { problem: /did not finish/ });
  t.equal(await ran(), 4);
});

t.test('the process that reads gets nothing of the daemon, and what it starts ends with it', async (t) => {
  const { folder, put } = await shelf(t);
  const told = join(folder, '..', 'told.json');
  await put(`
import { spawn } from 'node:child_process';
import { writeFileSync, readlinkSync } from 'node:fs';
const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
writeFileSync(${JSON.stringify(told)}, JSON.stringify({ pid, env: Object.keys(process.env), cwd: process.cwd(), stdin: readlinkSync('/proc/self/fd/0') }));
${sound('some')}`);
  process.env['A_SECRET_OF_THE_DAEMON'] = 'x';
  const request = { type: 'product', name: 'some', path: join(folder, 'module.js'), settings: {} } as const;
  t.match(await readModule(READER, request, readLimits(30)), { kind: 'read' });
  const { pid, env, cwd, stdin } = JSON.parse(await readFile(told, 'utf8')) as Record<string, unknown>;
  t.same([env, cwd, stdin], [[], '/', '/dev/null']);
  await ended(Number(pid));
});

t.test('a module that loops ends with a daemon that is killed', async (t) => {
  const { folder, put } = await shelf(t);
  const told = join(folder, '..', 'pid');
  await put(`
import { writeFileSync, renameSync } from 'node:fs';
writeFileSync(${JSON.stringify(`${told}.tmp`)}, String(process.pid));
renameSync(${JSON.stringify(`${told}.tmp`)}, ${JSON.stringify(told)});
for (;;);`);
  const daemon = spawn(process.execPath, [
    join(dirname(shippedModules()), 'test/fakes/reading-daemon.js'),
    join(folder, 'module.js'),
  ]);
  const gone = once(daemon, 'exit');
  const pid = await untilTold(() => readFile(told, 'utf8'));
  daemon.kill('SIGKILL');
  await gone;
  await ended(Number(pid));
});

/** A killed process is gone a moment after the signal. */
async function ended(pid: number): Promise<void> {
  await untilTold(async () => {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone');
    if (!/^gone$|\) [ZX] /.test(state)) throw new Error(state);
  });
}

/** Its result, once it does not fail any more. */
async function untilTold<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await delay(20);
    }
  }
}

t.test('code that ran at two deaths of the daemon is not read', async (t) => {
  const { folder, ran } = await shelf(t);
  const found = await findModules([join(folder, '..', '..')]);
  const deps = { reader: READER, isShipped: () => false, limits: readLimits(30) };
  const [struck] = await discover({ ...deps, problemOf: () => 'it was there twice' }, found, {});
  t.match(struck, { problem: 'it was there twice', read: null, hash: /^[0-9a-f]{64}$/ });
  t.equal(await ran(), 0);
  const [own] = await discover({ ...deps, isShipped: () => true, problemOf: () => 'x' }, found, {});
  t.match(own, { problem: null }, 'a shipped module is never blamed');
});

t.test('what is read is recorded, and suspects are read one at a time', async (t) => {
  const dir = testFolder(t, {
    product: Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [
        name,
        { 'module.js': sound(name), 'package.json': '{"type":"module"}' },
      ]),
    ),
  });
  const found = await findModules([dir]);
  const recorded: string[] = [];
  const counts = { now: 0, most: 0 };
  const strikes = {
    isSuspect: () => true,
    enter({ module }: RunningCode) {
      recorded.push(module);
      counts.now += 1;
      counts.most = Math.max(counts.most, counts.now);
      return () => void (counts.now -= 1);
    },
  };
  const deps = { reader: READER, isShipped: () => false, limits: readLimits(30) };
  const read = await discover({ ...deps, strikes }, found, {});
  t.same(
    read.map(({ problem }) => problem),
    [null, null, null],
  );
  t.same(recorded.sort(), ['product/a', 'product/b', 'product/c']);
  t.same(counts, { now: 0, most: 1 });
  const full = (): never => {
    throw new Error('ENOSPC');
  };
  const [tolerated] = await discover(
    { ...deps, strikes: { isSuspect: () => false, enter: full } },
    found,
    {},
  );
  t.match(tolerated, { problem: null }, 'a full disk makes no module unusable');
  recorded.length = 0;
  await discover({ ...deps, isShipped: () => true, strikes }, found, {});
  t.same(recorded, [], 'shipped modules are not recorded');
});

t.test('a reader that cannot be started is a reason, not a crash', async (t) => {
  const request = { type: 'product', name: 'some', path: '/nowhere/module.js', settings: {} } as const;
  const end = await readModule('/nowhere/reader.js', request, readLimits(30));
  t.match(end, { kind: 'unusable', problem: /ended the process/, isLate: false });
});

t.test('entries of another key are none', async (t) => {
  const dir = testFolder(t);
  const cache = declarationsCache(dir, () => 5);
  const key: CacheKey = { type: 'product', name: 'a', hash: 'h', settings: {}, reader: 'r' };
  t.equal(await cache.find(key), undefined);
  await cache.keep(key, { kind: 'unusable', problem: 'late', isLate: true });
  t.match(await cache.find(key), { problem: 'late' });
  for (const change of [{ hash: 'i' }, { settings: { a: 1 } }, { reader: 's' }])
    t.equal(await cache.find({ ...key, ...change }), undefined);
  t.equal(await declarationsCache(dir, () => 4).find(key), undefined, 'it is of a time to come');
});
