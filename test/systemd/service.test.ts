import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../src/kernel/clock.js';
import { takeServiceEnvironment } from '../../src/systemd/environment.js';
import { serviceManager } from '../../src/systemd/notify.js';
import { startWatchdog } from '../../src/systemd/watchdog.js';
import { testFolder } from '../test-folder.js';

t.test("systemd's variables are taken and hidden from children", async (t) => {
  const env: NodeJS.ProcessEnv = {
    PATH: '/bin',
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: '42',
    LISTEN_FDS: '2',
    LISTEN_PID: '42',
    LISTEN_FDNAMES: 'cli:api',
  };
  t.same(takeServiceEnvironment({ ...env }, 42), {
    notifySocket: '/run/systemd/notify',
    watchdogMs: 30_000,
    sockets: { cli: 3, api: 4 },
  });
  t.match(
    takeServiceEnvironment({ ...env }, 43),
    { watchdogMs: undefined, sockets: {} },
    'meant for another',
  );
  takeServiceEnvironment(env, 42);
  t.same(env, { PATH: '/bin' });
  t.same(takeServiceEnvironment({}, 42), { notifySocket: undefined, watchdogMs: undefined, sockets: {} });
  const named = (names: string): NodeJS.ProcessEnv => ({
    LISTEN_FDS: '2',
    LISTEN_PID: '42',
    LISTEN_FDNAMES: names,
  });
  t.throws(() => takeServiceEnvironment(named('api:unknown'), 42), /must be api or cli/);
  t.throws(() => takeServiceEnvironment(named('api:api'), 42), /two sockets named api/);
});

t.test('systemd is told by its own command, in single lines; one that fails is heard of', async (t) => {
  const dir = testFolder(t);
  const command = join(dir, 'notify');
  await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$NOTIFY_SOCKET" "$@" >${join(dir, 'told')}\n`);
  await chmod(command, 0o755);
  await serviceManager('/run/notify', [command]).tell('READY=1', 'STATUS=two\nlines');
  t.equal(readFileSync(join(dir, 'told'), 'utf8'), '/run/notify\nREADY=1\nSTATUS=two lines\n');
  await t.rejects(serviceManager('/run/notify', ['false']).tell('READY=1'), /false ended with 1/);
  await t.rejects(serviceManager('/run/notify', [join(dir, 'none')]).tell('READY=1'), /ENOENT/);
  await serviceManager(undefined, ['false']).tell('READY=1');
});

t.test('the watchdog is fed only while the job runner begins what is due', async (t) => {
  const told: string[][] = [];
  const warned: object[] = [];
  let overdue: string | undefined;
  const looks = { count: 0 };
  const stop = startWatchdog({
    intervalMs: 10,
    manager: {
      async tell(...lines) {
        told.push([...lines]);
      },
    },
    watched: {
      overdue: () => {
        looks.count++;
        return overdue;
      },
      status: () => 'Serving',
    },
    clock: systemClock,
    warn: (fields) => warned.push(fields),
  });
  t.teardown(stop);
  const looked = async (times: number): Promise<void> => {
    const from = looks.count;
    while (looks.count < from + times) await systemClock.sleep(1);
  };
  await looked(2);
  t.same(told[0], ['WATCHDOG=1', 'STATUS=Serving']);
  overdue = 'one';
  await looked(1);
  overdue = 'two';
  await looked(1);
  t.same(warned, [], 'another job each time: it moves');
  await looked(2);
  t.match(warned[0], { job_id: 'two' });
  const fed = told.length;
  await looked(3);
  t.equal(told.length, fed, 'it hangs');
  overdue = undefined;
  await looked(3);
  t.ok(told.length > fed, 'it moves again');
});
