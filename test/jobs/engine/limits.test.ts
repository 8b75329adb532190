import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { deadline } from '../../../src/jobs/engine/deadline.js';
import type { Attempt } from '../../../src/jobs/engine/protocol.js';
import { breeThreads } from '../../../src/jobs/engine/threads.js';
import { handClock } from '../../fakes/clock.js';
import { testFolder } from '../../test-folder.js';

t.test('a cancelled time limit does not begin again when its waiting ends', async (t) => {
  const clock = handClock();
  const limit = deadline(clock, 1_000, () => new Error('over'));
  limit.wait(true);
  limit.cancel();
  limit.wait(false);
  await clock.turn(5_000);
  t.equal(clock.sleepers, 0);
  t.notOk(limit.signal.aborted);
});

t.test('a thread that hangs before its first word keeps no other from starting', async (t) => {
  const worker = join(testFolder(t), 'hangs.js');
  await writeFile(worker, 'setInterval(() => {}, 1000);\n');
  const threads = breeThreads(worker);
  t.teardown(() => threads.stop());
  const attempt = { jobId: 'x' } as unknown as Attempt;
  // more than are loaded at once, whatever the machine
  const wanted = Array.from({ length: 3 }, () => threads.start(attempt, () => {}, false));
  const all = await Promise.all(wanted);
  t.equal(all.length, wanted.length);
  await Promise.all(all.map(async (thread) => thread.terminate()));
});
