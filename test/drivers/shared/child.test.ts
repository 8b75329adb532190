import t from 'tap';
import { runChild } from '../../../src/drivers/shared/child.js';

const kept = { maxOutputBytes: 100 };

t.test('an abort ends the whole group of a child', async (t) => {
  const end = await runChild(['/bin/sh', '-c', 'sleep 60 & wait'], kept, AbortSignal.timeout(50));
  t.match(end, { code: null, signal: 'SIGKILL' });
});

t.test('a child that the system does not let us kill holds nobody up', async (t) => {
  const kill = process.kill.bind(process);
  let group: number | undefined;
  // as it is with one that runs as root behind sudo
  process.kill = (pid) => {
    group = pid;
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  };
  t.teardown(() => {
    process.kill = kill;
    if (group !== undefined) process.kill(group, 'SIGKILL');
  });
  const end = await runChild(
    ['/bin/sh', '-c', 'sleep 60'],
    { ...kept, killedWithinMs: 50 },
    AbortSignal.timeout(50),
  );
  t.match(end, { code: null, signal: null });
});
