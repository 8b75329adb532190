import t from 'tap';
import { deadline } from '../../../src/jobs/engine/deadline.js';
import { leases } from '../../../src/jobs/engine/leases.js';
import { handClock } from '../../fakes/clock.js';

const never = new AbortController().signal;
const gate = (): { open: () => void; wait: Promise<void> } => {
  let open = (): void => {};
  const wait = new Promise<void>((resolve) => (open = resolve));
  return { open, wait };
};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('no more than the limit hold a lease, and the next in line gets it', async (t) => {
  const keeper = leases();
  const order: string[] = [];
  const gates = [gate(), gate(), gate()];
  const all = gates.map(({ wait }, index) =>
    keeper.hold(
      [{ name: 'host:pve1', limit: 2 }],
      never,
      () => {},
      async () => {
        order.push(`start ${index}`);
        await wait;
      },
    ),
  );
  await tick();
  t.same(order, ['start 0', 'start 1']);
  gates[1]?.open();
  await tick();
  t.same(order, ['start 0', 'start 1', 'start 2']);
  for (const { open } of gates) open();
  await Promise.all(all);
});

t.test('a lease is freed when the work throws', async (t) => {
  const keeper = leases();
  const request = [{ name: 'zone', limit: 1 }];
  await t.rejects(
    keeper.hold(
      request,
      never,
      () => {},
      () => Promise.reject(new Error('refused')),
    ),
  );
  t.equal(
    await keeper.hold(
      request,
      never,
      () => {},
      async () => 'held',
    ),
    'held',
  );
});

t.test('who is aborted while waiting leaves the line and holds nothing', async (t) => {
  const keeper = leases();
  const first = gate();
  const aborter = new AbortController();
  const holder = keeper.hold(
    [{ name: 'a', limit: 1 }],
    never,
    () => {},
    () => first.wait,
  );
  const waiter = keeper.hold(
    [
      { name: 'b', limit: 1 },
      { name: 'a', limit: 1 },
    ],
    aborter.signal,
    () => {},
    async () => t.fail('must not run'),
  );
  await tick();
  aborter.abort(new Error('stop'));
  await t.rejects(waiter);
  t.equal(
    await keeper.hold(
      [{ name: 'b', limit: 1 }],
      never,
      () => {},
      async () => 'free',
    ),
    'free',
  );
  first.open();
  await holder;
  t.equal(
    await keeper.hold(
      [{ name: 'a', limit: 1 }],
      never,
      () => {},
      async () => 'free',
    ),
    'free',
  );
});

t.test('a deadline stands still while the work waits for a lease', async (t) => {
  const clock = handClock();
  const limit = deadline(clock, 1000, () => new Error('late'));
  await clock.turn(600);
  limit.wait(true);
  await clock.turn(10_000);
  t.notOk(limit.signal.aborted);
  limit.wait(false);
  await clock.turn(399);
  t.notOk(limit.signal.aborted);
  await clock.turn(1);
  t.ok(limit.signal.aborted);
});

t.test('the wait for a lease ends when the work begins, not when it ends', async (t) => {
  const keeper = leases();
  const request = [{ name: 'zone', limit: 1 }];
  const first = gate();
  const second = gate();
  const said: string[] = [];
  const held = keeper.hold(
    request,
    never,
    () => {},
    () => first.wait,
  );
  const waiting = keeper.hold(
    request,
    never,
    (waits) => said.push(waits ? 'waits' : 'goes on'),
    async () => {
      said.push('works');
      await second.wait;
    },
  );
  await tick();
  t.same(said, ['waits']);
  first.open();
  await held;
  await tick();
  t.same(said, ['waits', 'goes on', 'works']);
  second.open();
  await waiting;
  t.same(said, ['waits', 'goes on', 'works'], 'and is not reported twice');
});
