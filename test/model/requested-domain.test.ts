import t from 'tap';
import {
  isRequested,
  requestAfter,
  requestDomain,
  requestDue,
  withoutRequestedDomain,
  withoutRequestFor,
} from '../../src/model/requested-domain.js';
import { aService } from '../fakes/samples.js';

const MINUTE_MS = 60_000;
const now = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number): string => new Date(now + ms).toISOString();
const until = at(30 * 24 * 60 * MINUTE_MS);
const request = requestDomain('www.example.com', null, now);

t.test('a domain that came with an order is tried at once, and for thirty days', async (t) => {
  t.same(request, { name: 'www.example.com', nextAt: at(0), until, tries: 0, problem: null });
});

t.test('the pause between tries doubles from a minute up to an hour', async (t) => {
  for (const [tries, minutes] of [
    [0, 1],
    [1, 2],
    [5, 32],
    [6, 60],
    [500, 60],
  ] as const)
    t.same(requestAfter({ ...request, tries }, 'It leads elsewhere.', now), {
      ...{ ...request, tries: tries + 1, problem: 'It leads elsewhere.', nextAt: at(minutes * MINUTE_MS) },
    });
});

t.test('it is given up at its end, by a clock that is trusted', async (t) => {
  const end = Date.parse(until);
  t.ok(requestAfter(request, 'x', end - 1));
  t.equal(requestAfter(request, 'x', end), undefined);
  t.ok(requestAfter(request, 'x', end, false));
});

t.test('no pause is longer than an hour, whatever the clock was when it was recorded', async (t) => {
  t.equal(requestDue(at(5 * MINUTE_MS), now), now + 5 * MINUTE_MS);
  t.ok(requestDue(at(1000 * MINUTE_MS), now) <= now + 60 * MINUTE_MS);
});

t.test('a request is known by its slot, and goes when the domain is added', async (t) => {
  const service = aService({ domainWish: request });
  const name = (slot: string) => ({ name: slot, slot, registered: slot });
  t.ok(isRequested(service, name('example.com')));
  t.notOk(isRequested(service, name('example.org')));
  t.notOk(isRequested(aService(), name('example.com')));
  t.notOk(isRequested(aService({ site: null }), name('example.com')));
  t.equal(withoutRequestFor(service, name('example.org')), service);
  const without = withoutRequestFor(service, name('example.com'));
  t.notOk('domainWish' in (without.site ?? {}));
  t.match(without, { site: { fqdn: 'anna.sandbox.test' } });
  t.equal(withoutRequestedDomain(without), without, 'there is none to remove');
});
