import t from 'tap';
import { allowedFrom, domainId, forgetOld, pauseAfter } from '../../src/model/custom-domain.js';

const HOUR_MS = 3_600_000;
const now = Date.parse('2026-03-08T00:00:00Z');
const ago = (ms: number): string => new Date(now - ms).toISOString();
const record = {
  schema: 1 as const,
  id: '',
  domain: 'shop.example.com',
  registered: 'example.com',
  owner: { panel: 'default', userId: null, email: 'a@example.com' },
  service: null,
  quarantineUntil: null,
  certificate: null,
  issued: [] as { at: string; names: string[] }[],
  refusals: [] as string[],
  failures: 0,
  nextAt: null,
  problem: null,
};
const LIMITS = { perDomainWeek: 2, perSetWeek: 2, refusalsPerHour: 2 };

t.test(
  'a limit is reached by as many as it names, and what is a week or an hour old has left it',
  async (t) => {
    const WEEK_MS = 168 * HOUR_MS;
    const from = (also: Partial<typeof record>): number => {
      const one = { ...record, ...also };
      return allowedFrom(one, ['a.example.com', 'b.example.com'], [one], LIMITS, now);
    };
    const issued = (names: string[], ...ages: number[]) => ages.map((age) => ({ at: ago(age), names }));
    const set = ['b.example.com', 'a.example.com'];
    t.equal(from({ issued: issued(['x'], 1) }), now, 'one less than the limit');
    t.equal(
      from({ issued: issued(['x'], 3, 2) }),
      now - 3 + WEEK_MS,
      'at the limit: when the older one has left it',
    );
    t.equal(from({ issued: issued(['x'], 2, 3) }), now - 3 + WEEK_MS, 'in whatever order they are recorded');
    t.equal(from({ issued: issued(['x'], WEEK_MS, 2) }), now, 'one is exactly a week old');
    t.equal(from({ issued: issued(['x'], WEEK_MS - 1, 2) }), now + 1);
    t.equal(from({ issued: issued(['x'], 5, 4, 3) }), now - 4 + WEEK_MS, 'above the limit');
    const wide = { ...LIMITS, perDomainWeek: 9 };
    const sets = { ...record, issued: issued(set, 3, 2) };
    t.equal(
      allowedFrom(sets, set.toReversed(), [sets], wide, now),
      now - 3 + WEEK_MS,
      'the same names in any order',
    );
    t.equal(
      allowedFrom(sets, ['a.example.com'], [sets], wide, now),
      now,
      'other names have a limit of their own',
    );
    t.equal(from({ refusals: [ago(1), ago(2)] }), now - 2 + HOUR_MS);
    t.equal(from({ refusals: [ago(1), ago(HOUR_MS)] }), now);
  },
);

t.test('what no limit counts any more is forgotten', async (t) => {
  const old = {
    ...record,
    issued: [168 * HOUR_MS, 168 * HOUR_MS - 1].map((age) => ({ at: ago(age), names: [] })),
    refusals: [ago(HOUR_MS), ago(HOUR_MS - 1)],
  };
  t.match(forgetOld(old, now), { domain: 'shop.example.com' });
  t.same(forgetOld(old, now).issued, old.issued.slice(1));
  t.same(forgetOld(old, now).refusals, old.refusals.slice(1));
});

t.test('the pause doubles with every failure, from a minute up to twelve hours', async (t) => {
  t.same(
    [0, 1, 2, 10, 11, 500].map((failures) => pauseAfter(failures) / 60_000),
    [1, 1, 2, 512, 720, 720],
  );
});

t.test('the id of a domain can be a file name, however long the domain is', async (t) => {
  t.match(domainId('example.com'), /^[0-9a-f]{40}$/);
  t.equal(domainId('example.com'), domainId('example.com'));
  t.not(domainId('example.com'), domainId('example.org'));
});
