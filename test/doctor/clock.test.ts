import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clockGuard } from '../../src/clock/guard.js';
import type { Line } from '../../src/drivers/shared/doctor/check.js';
import { clockChecks } from '../../src/doctor/checks/clock.js';
import type { DaemonSide } from '../../src/doctor/parts.js';
import { runChecks } from '../../src/doctor/run-checks.js';
import { fakeHost } from '../fakes/host-time.js';

const DAY = 86_400_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function machine(t: Test) {
  const host = fakeHost();
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-doctor-clock-'));
  t.teardown(() => rm(stateDir, { recursive: true }));
  return {
    host,
    /** A daemon that has run here; its clock was right when it ended. */
    ran: async (): Promise<void> => {
      const sleep = (ms: number, signal?: AbortSignal): Promise<void> => host.sleep(ms, signal);
      const guard = await clockGuard({ stateDir, host, log: silent, sleep });
      guard.start(undefined);
      await guard.stop();
    },
    line: async (clock?: DaemonSide['clock']): Promise<Line | undefined> => {
      const parts = { config: { agent: { state_dir: stateDir } }, hostTime: host };
      const [line] = await runChecks(clockChecks({ ...parts, daemon: clock ? { clock } : {} }));
      return line;
    },
  };
}

t.test(
  'a clock jump stands in the doctor with the command that ends it, whether the daemon runs or not',
  async (t) => {
    const { host, ran, line } = await machine(t);
    t.match(await line(), { state: 'ok', found: 'no earlier time is recorded' }, 'before the first start');
    await ran();
    host.pass(DAY);
    t.match(await line(), { state: 'ok', fix: [] });
    host.jump(400 * DAY);
    const found =
      /^it moved 400 days? more than the elapsed time; until the clock is correct or you have confirmed it, the agent deletes no expired data/;
    const down = ['timedatectl', 'systemctl start innkeeper', 'innkeeper clock confirm'];
    t.match(await line(), { state: 'wrong', found, fix: down });
    const doubt = { kind: 'ahead', offMs: 400 * DAY } as const;
    const up = ['timedatectl', 'innkeeper clock', 'innkeeper clock confirm'];
    t.match(await line(async () => ({ doubt })), { state: 'wrong', found, fix: up });
    t.match(await line(async () => ({ doubt: undefined })), { state: 'ok' }, 'a person has confirmed it');
    host.jump(-400 * DAY);
    t.match(await line(), { state: 'ok' });
  },
);

t.test('a clock that was set back, or a machine that was off for long, is told as what it is', async (t) => {
  const { host, ran, line } = await machine(t);
  await ran();
  host.jump(-2 * DAY);
  t.match(await line(), { state: 'wrong', found: /^it is 2 days? behind the time that it showed before/ });
  host.jump(2 * DAY);
  host.reboot(9 * DAY);
  t.match(await line(), { state: 'wrong', found: /^it is 9 days? ahead of its last known time/ });
});
