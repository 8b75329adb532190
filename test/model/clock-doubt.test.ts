import t from 'tap';
import { doubtOf, LONGEST_REBOOT_MS, TOLERANCE_MS } from '../../src/model/clock-doubt.js';

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
