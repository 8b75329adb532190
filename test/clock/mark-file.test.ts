import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { markFile, readMark, writeMark } from '../../src/clock/mark-file.js';
import { testFolder } from '../test-folder.js';

t.test('a mark replaces what a crash left of an earlier one, and nothing else', async (t) => {
  const dir = testFolder(t);
  const file = markFile(dir);
  await writeFile(join(dir, '.clock.json.0123456789ab.tmp'), '{"schema"');
  await writeFile(join(dir, '.other.json.0123456789ab.tmp'), 'of somebody else');
  const mark = { wall: 1_700_000_000_000, uptime: 5_000, bootId: 'b' };
  await writeMark(file, mark);
  t.same((await readdir(dir)).sort(), ['.other.json.0123456789ab.tmp', 'clock.json']);
  t.same(await readMark(file), mark);
});
