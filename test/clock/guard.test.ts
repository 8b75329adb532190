import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clockGuard, type ClockGuard } from '../../src/clock/guard.js';
import { hostTime } from '../../src/clock/host-time.js';
import { fakeHost, type FakeHost } from '../fakes/host-time.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface World {
  readonly host: FakeHost;
  readonly lines: string[];
  /** The daemon starts; the one before has ended. */
  readonly start: (newest?: number) => Promise<ClockGuard>;
  readonly stateDir: string;
}

async function world(t: Test): Promise<World> {
  const host = fakeHost();
  const lines: string[] = [];
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-clock-'));
  const hear = (_: object, text: string): void => void lines.push(text);
  const log = { debug: hear, info: hear, warn: hear, error: hear };
  let guard: ClockGuard | undefined;
  t.teardown(async () => {
    await guard?.stop();
    await rm(stateDir, { recursive: true });
  });
  return {
    host,
    lines,
    stateDir,
    async start(newest) {
      await guard?.stop();
      guard = await clockGuard({ stateDir, host, log, sleep: (ms, signal) => host.sleep(ms, signal) });
      guard.start(newest);
      return guard;
    },
  };
}

t.test('time that passes is trusted, however slowly or fast the wall clock is kept in step', async (t) => {
  const { host, start } = await world(t);
  const { clock } = await start();
  for (let hour = 0; hour < 50; hour += 1) {
    host.pass(HOUR);
    host.jump(MINUTE);
    t.ok(clock.trusted());
    t.equal(clock.now(), host.wall());
    await host.asleep();
  }
});

for (const [kind, off] of [
  ['ahead', 8 * DAY],
  ['behind', -8 * DAY],
  ['ahead', 6 * MINUTE],
] as const)
  t.test(`a jump of ${off / MINUTE} minutes is not believed until the clock is back`, async (t) => {
    const { host, lines, start } = await world(t);
    const guard = await start();
    let turns = 0;
    guard.onChange(() => (turns += 1));
    host.pass(10_000);
    const before = guard.clock.now();
    host.jump(off);
    t.notOk(guard.clock.trusted(), 'seen at the first question');
    t.equal(guard.clock.now(), before, 'our time goes on from where it was');
    t.match(guard.view(), { trusted: false, doubt: { kind, offMs: off, expected: before } });
    host.pass(30_000);
    t.equal(guard.clock.now(), before + 30_000);
    host.jump(-off);
    t.ok(guard.clock.trusted(), 'it is back');
    t.equal(guard.clock.now(), host.wall());
    t.equal(turns, 2);
    t.same(
      lines.filter((line) => /jumped|correct again/.test(line)),
      [
        'the wall clock jumped: until it is correct or an operator confirms it, the agent deletes no expired data ' +
          'and fails no old job',
        'the wall clock is correct again',
      ],
    );
  });

t.test('a confirmed jump is believed, over restarts too', async (t) => {
  const { host, start } = await world(t);
  const guard = await start();
  host.jump(-40 * DAY);
  t.notOk(guard.clock.trusted());
  t.match(await guard.confirm(), { trusted: true, doubt: undefined });
  t.equal(guard.clock.now(), host.wall());
  host.pass(MINUTE);
  t.ok((await start()).clock.trusted());
});

t.test('a restart during a jump does not make it true', async (t) => {
  const { host, start } = await world(t);
  const first = await start();
  host.pass(20 * MINUTE);
  host.jump(8 * DAY);
  t.notOk(first.clock.trusted());
  const second = await start();
  t.notOk(second.clock.trusted());
  t.match(second.view().doubt, { kind: 'ahead' });
  host.jump(-8 * DAY);
  t.ok(second.clock.trusted());
});

t.test('a daemon that was down for days on a host that ran knows how long it was', async (t) => {
  const { host, start } = await world(t);
  await (await start()).stop();
  host.pass(9 * DAY);
  const { clock } = await start();
  t.ok(clock.trusted());
  t.equal(clock.now(), host.wall());
  host.jump(10 * MINUTE);
  t.notOk(clock.trusted(), 'and a jump counts from now on');
});

t.test('a suspended machine has not jumped', async (t) => {
  const { host, start } = await world(t);
  const { clock } = await start();
  host.suspend(3 * DAY);
  t.equal(clock.now(), host.wall());
  t.ok(clock.trusted());
  host.jump(DAY);
  t.notOk(clock.trusted());
});

t.test('a reboot is believed, and a jump after it is not', async (t) => {
  const { host, start } = await world(t);
  await (await start()).stop();
  host.reboot(20 * MINUTE);
  const { clock } = await start();
  t.ok(clock.trusted());
  host.jump(20 * MINUTE);
  t.notOk(clock.trusted());
});

t.test('a host that was off for days is vouched for by its time service, else by a person', async (t) => {
  const { host, start } = await world(t);
  await (await start()).stop();
  host.reboot(8 * DAY);
  host.vouched = false;
  const guard = await start();
  t.notOk(guard.clock.trusted(), 'it may as well be a clock that is wrong');
  t.match(guard.view().doubt, { kind: 'long_off' });
  t.equal(guard.clock.now(), host.wall(), 'which is not likely');
  host.vouched = true;
  const again = await start();
  await host.asleep();
  t.ok(again.clock.trusted());
});

t.test('no time service vouches for a jump that we have seen ourselves', async (t) => {
  const { host, start } = await world(t);
  host.vouched = true;
  const first = await start();
  host.jump(8 * DAY);
  t.notOk(first.clock.trusted());
  const second = await start();
  await host.asleep();
  t.notOk(second.clock.trusted());
});

t.test('a clock that starts behind what it has shown is not believed', async (t) => {
  const { host, start } = await world(t);
  const first = await start();
  host.pass(HOUR);
  const last = first.clock.now();
  await first.stop();
  host.reboot(0);
  host.jump(-300 * DAY);
  const { clock } = await start();
  t.notOk(clock.trusted());
  t.ok(clock.now() >= last, 'our time does not run backwards');
});

t.test('without a mark the records say how late it is at least', async (t) => {
  const { host, start, stateDir } = await world(t);
  t.notOk((await start(host.wall() + DAY)).clock.trusted(), 'they are younger than the clock');
  await rm(join(stateDir, 'clock.json'), { force: true });
  t.notOk((await start(host.wall() - 8 * DAY)).clock.trusted(), 'they are a week old');
  t.ok((await start(host.wall() - HOUR / 2)).clock.trusted());
});

t.test('before the records are read nothing is trusted that has no mark', async (t) => {
  const { host, stateDir } = await world(t);
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const guard = await clockGuard({ stateDir, host, log: silent });
  t.notOk(guard.clock.trusted());
  guard.start(undefined);
  t.ok(guard.clock.trusted());
  await guard.stop();
  t.match(JSON.parse(await readFile(join(stateDir, 'clock.json'), 'utf8')), { schema: 1, boot_id: 'first' });
});

t.test('where the host does not name its starts', async (t) => {
  const { host, start } = await world(t);
  host.bootId = '';
  await (await start()).stop();
  host.pass(9 * DAY);
  t.ok((await start()).clock.trusted(), 'the same start explains the clock');
  host.reboot(10 * MINUTE);
  host.bootId = '';
  t.ok((await start()).clock.trusted(), 'a reboot does');
  host.jump(9 * DAY);
  t.notOk((await start()).clock.trusted());
});

t.test('a damaged mark is as good as none', async (t) => {
  const { host, start, stateDir } = await world(t);
  await (await start()).stop();
  await writeFile(join(stateDir, 'clock.json'), '{"schema":1,"wall":');
  t.ok((await start(host.wall())).clock.trusted());
});

t.test("this host's clocks go the same way", async (t) => {
  const host = hostTime({});
  const [wall, monotonic, uptime] = [host.wall(), host.monotonic(), host.uptime()];
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const passed of [host.wall() - wall, host.monotonic() - monotonic, host.uptime() - uptime])
    t.ok(passed > 0 && passed < 60_000);
  t.match(host.bootId, /^[0-9a-f]{32}$|^$/);
  t.equal(hostTime({ INNKEEPER_BOOT_ID: 'a-b' }).bootId, 'ab');
});
