import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { openStrikes, readStrikes, strikesFile } from '../../src/modules/strikes.js';
import { testFolder } from '../test-folder.js';

const A = { module: 'product/a', hash: 'a'.repeat(64) };
const B = { module: 'product/b', hash: 'b'.repeat(64) };
const [BOOT, NOW] = ['boot-1', '2026-02-03T04:05:06.000Z'];

t.test('code that was under way at two deaths of the daemon does not run any more', (t) => {
  const dir = testFolder(t);
  for (let life = 0; life < 2; life += 1) {
    const strikes = openStrikes(dir, BOOT, NOW);
    t.equal(strikes.problemOf(A.hash), undefined);
    // two jobs of it are one death; what has ended is none
    strikes.enter(A);
    strikes.enter(A);
    strikes.enter(B)();
  }
  t.same([...readStrikes(dir)], [], 'the second death is counted by the next start');
  const strikes = openStrikes(dir, BOOT, NOW);
  t.match(
    strikes.problemOf(A.hash),
    /crashed 2 times while this module ran, most recently before 2026-02-03T.*different version of product\/a/,
  );
  t.equal(strikes.problemOf(B.hash), undefined);
  t.same([strikes.isSuspect(A.hash), strikes.isSuspect(B.hash)], [true, false]);
  t.same([...readStrikes(dir).keys()], [A.hash]);
  t.match(
    openStrikes(dir, BOOT, NOW).problemOf(A.hash),
    /crashed 2 times/,
    'a start by itself counts nothing',
  );
  t.end();
});

t.test('a job that ends leaves the line of another that runs the same code', async (t) => {
  const dir = testFolder(t);
  const strikes = openStrikes(dir, BOOT, NOW);
  const [first, second] = [strikes.enter(A), strikes.enter(A)];
  first();
  first();
  t.match(JSON.parse(await readFile(strikesFile(dir), 'utf8')), { running: [A] });
  second();
  t.match(JSON.parse(await readFile(strikesFile(dir), 'utf8')), { running: [] });
});

t.test('a stop, and a restart of the machine, are no deaths', (t) => {
  const dir = testFolder(t);
  for (let life = 0; life < 3; life += 1) {
    const strikes = openStrikes(dir, BOOT, NOW);
    const leave = strikes.enter(A);
    strikes.close();
    leave();
  }
  for (let life = 0; life < 3; life += 1) openStrikes(dir, `boot-${life}`, NOW).enter(A);
  t.same([...readStrikes(dir)], []);
  openStrikes(dir, 'boot-2', NOW).enter(A);
  openStrikes(dir, 'boot-2', NOW);
  t.same([...readStrikes(dir).keys()], [A.hash]);
  t.end();
});

t.test('a file that cannot be used counts nothing, and one that cannot be written is told', async (t) => {
  const dir = testFolder(t);
  for (const text of ['', '{"schema":2}', 'null']) {
    await writeFile(strikesFile(dir), text);
    t.same([...readStrikes(dir)], []);
    t.equal(openStrikes(dir, BOOT, NOW).problemOf(A.hash), undefined);
  }
  const gone = openStrikes(`${dir}/nowhere`, BOOT, NOW);
  t.throws(() => gone.enter(A), { code: 'ENOENT' });
  gone.close();
});
