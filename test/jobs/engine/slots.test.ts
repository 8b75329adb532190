import t from 'tap';
import { mayBegin } from '../../../src/jobs/engine/slots.js';
import { ordersFirst } from '../../../src/jobs/engine/event-loop-load.js';
import { handClock } from '../../fakes/clock.js';

const RULE = { slots: 6, interactive_slots: 2 };
const bulk = { interactive: false };
const interactive = { interactive: true };
const never = (): boolean => false;
const always = (): boolean => true;

t.test('two jobs that nobody waits for run however busy the main thread is', (t) => {
  t.equal(mayBegin(bulk, [], RULE, never), 'yes');
  t.equal(mayBegin(bulk, [bulk, interactive], RULE, never), 'yes');
  t.equal(mayBegin(bulk, [bulk, bulk], RULE, never), 'busy');
  t.end();
});

t.test('more of them begin only while there is time to spare', (t) => {
  t.equal(mayBegin(bulk, [bulk, bulk, bulk], RULE, always), 'yes');
  t.equal(mayBegin(bulk, [bulk, bulk, bulk, bulk], RULE, always), 'no_slot', 'two slots are kept');
  t.end();
});

t.test('a job that somebody waits for begins while there is any slot, busy or not', (t) => {
  t.equal(mayBegin(interactive, [bulk, bulk, bulk, bulk], RULE, never), 'yes');
  t.equal(mayBegin(interactive, [bulk, bulk, bulk, bulk, interactive, interactive], RULE, always), 'no_slot');
  t.end();
});

t.test('time to spare is not asked for when a slot is free anyway, or none is', (t) => {
  const asked: number[] = [];
  const spare = (): boolean => asked.push(1) > 0;
  mayBegin(bulk, [bulk], RULE, spare);
  mayBegin(bulk, [bulk, bulk, bulk, bulk], RULE, spare);
  mayBegin(interactive, [bulk, bulk], RULE, spare);
  t.same(asked, [], 'each yes stands for one job');
  t.end();
});

t.test('there is no time to spare for 100 ms after the last order', async (t) => {
  const clock = handClock();
  const room = ordersFirst(always, clock);
  t.ok(room.spare(), 'none has come');
  room.ordered();
  t.notOk(room.spare());
  await clock.turn(60);
  room.ordered();
  await clock.turn(60);
  t.notOk(room.spare(), 'another one came');
  await clock.turn(40);
  t.ok(room.spare());
  clock.jump(-3_600_000);
  t.ok(room.spare(), 'a clock that is set back does not make it an hour');
  t.notOk(ordersFirst(never, clock).spare(), 'the main thread may be busy all the same');
});
