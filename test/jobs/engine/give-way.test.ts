/** The priority of job threads, as the kernel has it. */
import { getPriority, setPriority } from 'node:os';
import t from 'tap';
import { giveWay } from '../../../src/jobs/engine/give-way.js';

t.test('a thread gives way to the others of a daemon whose priority is low already', (t) => {
  // nobody may raise it again: the last thing that this process does
  const own = Math.max(10, getPriority(0));
  setPriority(0, own);
  giveWay();
  t.equal(getPriority(0), Math.min(19, own + 5));
  for (let time = 0; time < 3; time += 1) giveWay();
  t.equal(getPriority(0), 19, 'there is nothing below');
  t.end();
});
