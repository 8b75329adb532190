import t from 'tap';
import {
  anchorAtStart,
  doubtOf,
  expectedWall,
  LONGEST_REBOOT_MS,
  type TimeAnchor,
  TOLERANCE_MS,
} from '../../src/model/clock-doubt.js';

const anchor = { wall: 1_000_000_000, uptime: 5_000, hostWasOff: false };
const at = (offMs: number) => ({ wall: anchor.wall + 60_000 + offMs, uptime: anchor.uptime + 60_000 });

t.test('a clock is in doubt when it is off by more than the tolerance, in either direction', async (t) => {
  for (const offMs of [0, TOLERANCE_MS, -TOLERANCE_MS])
    t.equal(doubtOf(anchor, at(offMs)), undefined, String(offMs));
  t.match(doubtOf(anchor, at(TOLERANCE_MS + 1)), { kind: 'ahead', offMs: TOLERANCE_MS + 1 });
  t.match(doubtOf(anchor, at(-TOLERANCE_MS - 1)), { kind: 'behind', offMs: -TOLERANCE_MS - 1 });
});

t.test('after a time without power the clock may be ahead by a reboot', async (t) => {
  const off = { ...anchor, hostWasOff: true };
  t.equal(doubtOf(off, at(LONGEST_REBOOT_MS)), undefined);
  t.match(doubtOf(off, at(LONGEST_REBOOT_MS + 1)), { kind: 'long_off' });
  t.match(doubtOf(off, at(-TOLERANCE_MS - 1)), { kind: 'behind' });
});

t.test(
  'after a start time is measured from the mark, else from the newest record, else from now',
  async (t) => {
    const mark = { wall: 1_000_000, uptime: 50_000, bootId: 'a' };
    const now = { wall: 1_060_000, uptime: 110_000 };
    const same = { wall: 1_000_000, uptime: 50_000, hostWasOff: false };
    const off = { wall: 1_000_000, uptime: 0, hostWasOff: true };
    const unnamed = { ...mark, bootId: '' };
    const jumped = { ...now, wall: now.wall + TOLERANCE_MS + 1 };
    const cases: readonly (readonly [string, TimeAnchor, Parameters<typeof anchorAtStart>])[] = [
      ['the same start of the host', same, [mark, 5, 'a', now]],
      ['the same instant of it', same, [mark, 5, 'a', { ...now, uptime: 50_000 }]],
      ['another start', off, [mark, 5, 'b', now]],
      ['the same name, but the uptime began again', off, [mark, 5, 'a', { ...now, uptime: 49_999 }]],
      ['starts without names, and the clock fits', same, [unnamed, 5, '', now]],
      ['starts without names, and it does not', off, [unnamed, 5, '', jumped]],
      ['no mark', { wall: 5, uptime: 110_000, hostWasOff: true }, [undefined, 5, 'a', now]],
      ['nothing', { ...now, hostWasOff: false }, [undefined, undefined, 'a', now]],
    ];
    for (const [what, anchor, args] of cases) t.same(anchorAtStart(...args), anchor, what);
  },
);

t.test('the clock is expected to go as far as the uptime', async (t) => {
  t.equal(expectedWall(anchor, anchor.uptime + 60_000), anchor.wall + 60_000);
  t.match(doubtOf(anchor, at(TOLERANCE_MS + 1)), { expected: anchor.wall + 60_000 });
});
