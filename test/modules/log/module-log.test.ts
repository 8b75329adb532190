/** The log of each module: what is kept, in which order, and what is never in it. */
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { moduleLog, type ModuleLog, type ModuleLogDeps } from '../../../src/modules/log/module-log.js';
import { handClock } from '../../fakes/clock.js';
import { testFolder } from '../../test-folder.js';

const SHOP = { type: 'product', name: 'shop' } as const;
const OTHER = { type: 'plugin', name: 'shop' } as const;

async function open(
  t: Test,
  also: Partial<ModuleLogDeps> = {},
): Promise<{ log: ModuleLog; stateDir: string }> {
  const stateDir = also.stateDir ?? testFolder(t);
  const log = moduleLog({ stateDir, clock: handClock(), log: pino({ enabled: false }), ...also });
  t.teardown(() => log.close());
  return { log, stateDir };
}

const line = (message: string, fields = {}) =>
  ({ level: 'info', message, fields, about: { step: 'one' } }) as const;
const texts = async (log: ModuleLog, limit = 100): Promise<string[]> =>
  (await log.read(SHOP, { limit })).lines.map(({ message }) => message);

t.test('lines are read newest first, page by page, and each module has its own', async (t) => {
  const { log } = await open(t);
  t.same(await log.read(SHOP, { limit: 10 }), { lines: [], next: null });
  for (let n = 1; n <= 5; n += 1) log.write(SHOP, line(`m${n}`, { n }));
  log.write(OTHER, line('other'));
  const first = await log.read(SHOP, { limit: 2 });
  t.match(first.lines, [
    {
      n: 5,
      at: '2026-01-01T00:00:00.000Z',
      level: 'info',
      message: 'm5',
      fields: { n: 5 },
      about: { step: 'one' },
    },
    { n: 4 },
  ]);
  const second = await log.read(SHOP, { limit: 2, before: first.next ?? 0 });
  t.same(
    second.lines.map(({ n }) => n),
    [3, 2],
  );
  const third = await log.read(SHOP, { limit: 2, before: second.next ?? 0 });
  t.same([third.lines.map(({ n }) => n), third.next], [[1], null]);
  t.same((await log.read(OTHER, { limit: 10 })).lines.length, 1);
  await log.remove(SHOP);
  t.same(await texts(log), []);
  log.write(SHOP, line('again'));
  t.same(await texts(log), ['again']);
});

t.test('secrets are left out, whatever holds them', async (t) => {
  const { log, stateDir } = await open(t);
  const canary = 'canary-Ld44xyz';
  log.write(
    SHOP,
    line(`asked with Authorization: Bearer ${canary}`, {
      request: {
        headers: { Authorization: `Basic ${canary}`, 'X-Api-Key': canary, accept: '*/*' },
        json: {
          password: canary,
          user: 'anna',
          admin: { accessToken: canary, ref: { secret: 'db' }, token: '' },
        },
        body: `{"client_secret": "${canary}", "page": 2}`,
        url: `https://anna:${canary}@example.com/`,
        token: { value: [canary] },
      },
      response: [`api_key=${canary}&page=2`, { password_set: true, cookie: canary }],
    }),
  );
  const [found] = (await log.read(SHOP, { limit: 1 })).lines;
  t.notMatch(JSON.stringify(found), canary);
  t.match(found?.fields, {
    request: {
      headers: { accept: '*/*' },
      json: { user: 'anna', password: '[redacted]', admin: { ref: { secret: '[redacted]' }, token: '' } },
      body: /"page": 2/,
      url: 'https://...@example.com/',
    },
    response: [/page=2/, { password_set: true }],
  });
  const file = join(stateDir, '.module-logs/product/shop.ndjson');
  t.notMatch(await readFile(file, 'utf8'), canary);
  t.equal((await stat(file)).mode & 0o777, 0o600);
});

t.test('full files are renamed and the oldest goes; the numbers go on after a restart', async (t) => {
  const limits = { fileBytes: 2_000, files: 3, waiting: 1_000 };
  const { log, stateDir } = await open(t, { limits });
  for (let n = 0; n < 60; n += 1) {
    log.write(SHOP, line(`m${n} ${'x'.repeat(100)}`));
    if (n % 5 === 4) await texts(log, 1);
  }
  const folder = join(stateDir, '.module-logs/product');
  const files = (await readdir(folder)).sort();
  t.same(files, ['shop.ndjson', 'shop.ndjson.1', 'shop.ndjson.2']);
  for (const name of files) t.ok((await stat(join(folder, name))).size < 3_500, name);
  const kept = (await log.read(SHOP, { limit: 100 })).lines.map(({ n }) => n);
  t.same(
    kept,
    Array.from({ length: kept.length }, (_, at) => 60 - at),
    'in order and without a gap',
  );
  t.ok(kept.length >= 15 && kept.length < 60, String(kept.length));
  await log.close();
  await appendFile(join(folder, 'shop.ndjson'), '{"n":61,"at":"2026');
  const again = await open(t, { stateDir, limits });
  again.log.write(SHOP, line('after'));
  t.match((await again.log.read(SHOP, { limit: 2 })).lines, [{ n: 61, message: 'after' }, { n: 60 }]);
});

t.test('lines that arrive too fast are counted; a disk that fails stops nobody', async (t) => {
  const { log, stateDir } = await open(t, { limits: { fileBytes: 10_000, files: 2, waiting: 3 } });
  for (let n = 0; n < 10; n += 1) log.write(SHOP, line(`m${n}`));
  t.same(await texts(log), ['m2', 'm1', 'm0']);
  log.write(SHOP, { ...line('next'), dropped: 5 });
  t.match((await log.read(SHOP, { limit: 1 })).lines, [{ message: 'next', dropped: 12 }]);
  await mkdir(join(stateDir, '.module-logs'), { recursive: true });
  await writeFile(join(stateDir, '.module-logs/plugin'), 'a file where the folder should be');
  log.write(OTHER, line('lost'));
  t.same((await log.read(OTHER, { limit: 1 })).lines, []);
  await rm(join(stateDir, '.module-logs/plugin'));
  log.write(OTHER, line('kept'));
  t.match((await log.read(OTHER, { limit: 1 })).lines, [{ message: 'kept', dropped: 1 }]);
});

t.test('what was written before the end is there at the next start', async (t) => {
  const { log, stateDir } = await open(t);
  log.write(SHOP, line('the last'));
  await log.close();
  log.write(SHOP, line('too late'));
  const again = await open(t, { stateDir });
  t.same(await texts(again.log), ['the last']);
});
