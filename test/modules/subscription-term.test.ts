import t from 'tap';
import { monthsAfter, renewedUntil, stateOf } from '../../modules/product/support-subscription/term.js';

const day = (text: string): Date => new Date(`${text}T12:00:00.000Z`);

t.test('a month later is the same day, or the last one of a shorter month', async (t) => {
  for (const [from, months, to] of [
    ['2026-01-15', 1, '2026-02-15'],
    ['2026-01-31', 1, '2026-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2026-11-30', 3, '2027-02-28'],
    ['2026-12-31', 120, '2036-12-31'],
  ] as const)
    t.same(monthsAfter(day(from), months), day(to), `${from} + ${months}`);
});

t.test('a renewal begins at the end, or today if the subscription has ended', async (t) => {
  const now = day('2026-06-10');
  t.equal(renewedUntil(day('2026-07-01').toISOString(), 12, now), day('2027-07-01').toISOString());
  t.equal(renewedUntil(day('2026-06-01').toISOString(), 12, now), day('2027-06-10').toISOString());
  t.equal(renewedUntil(null, 1, now), day('2026-07-10').toISOString());
  t.equal(renewedUntil(null, 0, now), null);
});

t.test('the state follows from the term', async (t) => {
  const term = { suspended: false, expiresAt: day('2026-06-10').toISOString(), graceDays: 7 };
  const at = (text: string, also: Partial<typeof term> = {}): string =>
    stateOf({ ...term, ...also }, day(text).getTime());
  t.equal(at('2026-06-09'), 'active');
  t.equal(at('2026-06-10'), 'grace');
  t.equal(at('2026-06-16'), 'grace');
  t.equal(at('2026-06-17'), 'expired');
  t.equal(at('2026-06-10', { graceDays: 0 }), 'expired');
  t.equal(at('2026-06-09', { suspended: true }), 'suspended');
  t.equal(stateOf({ ...term, expiresAt: null }, day('2099-01-01').getTime()), 'active');
});
