/** Which challenge files are removed: by what two looks show, never by the wall clock. */
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { challenges } from '../../../src/drivers/proxy/nginx/challenges.js';
import { handClock } from '../../fakes/clock.js';
import { testFolder } from '../../test-folder.js';

t.test('what was left behind goes, and no jump of the wall clock takes what is in use', async (t) => {
  const dir = testFolder(t);
  const folder = join(dir, 'challenges');
  const clock = handClock();
  const files = challenges({ dir }, clock);
  const names = async (): Promise<string[]> => (await readdir(folder)).sort();
  await mkdir(folder);
  await files.write('in-use', 'x');
  for (const left of ['left', 'changed', 'not.ours']) await writeFile(join(folder, left), 'x');
  // as if the clock had been put ahead by more than a day since
  const longAgo = new Date(Date.now() - 90_000_000);
  for (const name of await names()) await utimes(join(folder, name), longAgo, longAgo);
  await files.write('second', 'x');
  t.same(await names(), ['changed', 'in-use', 'left', 'not.ours', 'second'], 'nothing goes on one look');
  clock.jump(90_000_000);
  await clock.turn(3_599_999);
  await files.write('second', 'x');
  t.same(await names(), ['changed', 'in-use', 'left', 'not.ours', 'second'], 'nor by the wall clock');
  await files.remove('in-use');
  await writeFile(join(folder, 'changed'), 'y');
  await clock.turn(1);
  await files.write('third', 'x');
  t.same(
    await names(),
    ['changed', 'not.ours', 'second', 'third'],
    'an hour later what stayed unchanged goes',
  );
  await t.rejects(files.write('../x', 'y'), { code: 'proxy_failed' });
});
