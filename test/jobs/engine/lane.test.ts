import t from 'tap';
import { byUrgency, gateOf, type Lane, laneOf } from '../../../src/jobs/engine/lane.js';
import { held } from '../../../src/jobs/engine/circuit-waits.js';
import { MAX_BACKOFF_MS } from '../../../src/jobs/engine/policy.js';
import type { SubjectRef } from '../../../src/jobs/engine/subject-kind.js';
import type { Circuit, Circuits } from '../../../src/drivers/shared/circuit.js';
import { kindData } from '../../../src/model/job-kinds.js';
import { aJob } from '../../fakes/samples.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
/** A lane knows its subject by its name alone. */
const named: unknown = { kind: { name: 'service' }, key: 'default/1' };
const SUBJECT = named as SubjectRef;
const LANE: Lane = {
  id: 'service default/1',
  subject: SUBJECT,
  jobId: '1',
  module: { type: 'product', name: 'wordpress' },
  interactive: false,
  isBackground: false,
  createdAt: '2026-03-01T11:00:00.000Z',
  dueAt: NOW + 5000,
  isWaiting: true,
  need: 'dns',
  patientUntil: NOW + 60_000,
};
const trusted = { now: NOW, trusted: true };

/** One circuit, called `dns`. */
function circuitsOf(
  admits: ReturnType<Circuit['admits']>,
  retryAt = 0,
  refusal: string | null = null,
): Pick<Circuits, 'find'> {
  const circuit: Circuit = {
    view: () => ({ name: 'dns', role: 'DNS', state: 'open', since: '', failures: 3, refusal }),
    enter: () => undefined,
    admits: () => admits,
    retryAt: () => retryAt,
  };
  return { find: (name) => (name === 'dns' ? circuit : undefined) };
}

t.test('people first, then the oldest', async (t) => {
  const lanes = [
    { ...LANE, id: 'late', createdAt: '2026-03-01T11:00:02.000Z' },
    { ...LANE, id: 'early', createdAt: '2026-03-01T11:00:01.000Z' },
    { ...LANE, id: 'person', createdAt: '2026-03-01T11:00:03.000Z', interactive: true },
    { ...LANE, id: 'from a clock ahead', createdAt: '' },
  ];
  for (const order of [lanes, [...lanes].reverse()])
    t.same(
      [...order].sort(byUrgency).map(({ id }) => id),
      ['person', 'from a clock ahead', 'early', 'late'],
    );
});

t.test('a lane starts when it is due, or with the probe of the system that it waits for', async (t) => {
  t.same(gateOf(LANE, circuitsOf('all'), trusted), { admits: 'all', startsAt: LANE.dueAt });
  t.same(gateOf({ ...LANE, need: undefined }, circuitsOf('none'), trusted), {
    admits: 'all',
    startsAt: LANE.dueAt,
  });
  t.same(gateOf({ ...LANE, need: 'proxy' }, circuitsOf('none'), trusted), {
    admits: 'all',
    startsAt: LANE.dueAt,
  });
  t.same(gateOf(LANE, circuitsOf('probe'), trusted), { admits: 'probe', startsAt: NOW });
  t.same(gateOf(LANE, circuitsOf('none', NOW + 1000), trusted), { admits: 'none', startsAt: NOW + 1000 });
  t.same(gateOf(LANE, circuitsOf('none', NOW + 90_000), trusted), {
    admits: 'none',
    startsAt: LANE.patientUntil,
  });
  t.same(gateOf(LANE, circuitsOf('none', NOW), trusted), { admits: 'none', startsAt: LANE.patientUntil });
  t.same(
    gateOf({ ...LANE, isWaiting: false, dueAt: 0 }, circuitsOf('none', NOW + 1000), trusted),
    { admits: 'none', startsAt: 0 },
    'it is first recorded as waiting',
  );
});

t.test('patience ends a wait, but not by a clock that may have jumped', async (t) => {
  const over = { ...LANE, patientUntil: NOW };
  t.same(gateOf(over, circuitsOf('none', NOW + 1000), trusted), { admits: 'all', startsAt: LANE.dueAt });
  t.same(gateOf(over, circuitsOf('none', NOW + 1000), { now: NOW, trusted: false }), {
    admits: 'none',
    startsAt: NOW + 1000,
  });
});

t.test('a start that is further away than any pause was set by another clock', async (t) => {
  const far = { ...LANE, dueAt: NOW + MAX_BACKOFF_MS + 1 };
  t.equal(gateOf(far, circuitsOf('all'), trusted).startsAt, NOW);
  const released = { ...LANE, dueAt: Number.POSITIVE_INFINITY };
  t.equal(
    gateOf(released, circuitsOf('all'), trusted).startsAt,
    Number.POSITIVE_INFINITY,
    'a person says when',
  );
});

t.test('a job made by a clock ahead stands before the others', async (t) => {
  const lane = (createdAt: string) => laneOf(kindData, SUBJECT, aJob({ createdAt }), NOW);
  t.equal(lane('2026-03-01T12:00:01.000Z').createdAt, '');
  t.equal(lane('2026-03-01T12:00:00.000Z').createdAt, '2026-03-01T12:00:00.000Z');
  t.match(lane('2026-03-01T12:00:00.000Z'), { id: 'service default/1', dueAt: 0, isWaiting: false });
});

t.test('a job that needs a dead system is recorded as waiting, with the reason', async (t) => {
  const queued = aJob({ status: 'queued', method: 'create' });
  const need = kindData(queued.method).firstNeed;
  t.type(need, 'string');
  const named = (
    admits: ReturnType<Circuit['admits']>,
    refusal: string | null = null,
  ): Pick<Circuits, 'find'> => {
    const { find } = circuitsOf(admits, NOW + 1000, refusal);
    return { find: (name) => (name === need ? find('dns') : undefined) };
  };
  t.equal(held(kindData, queued, named('all'), NOW), queued);
  t.equal(held(kindData, queued, named('probe'), NOW), queued);
  t.match(held(kindData, queued, named('none'), NOW), {
    status: 'waiting',
    waiting: { for: 'DNS', reason: 'unreachable', until: new Date(NOW + 1000).toISOString() },
    error: undefined,
  });
  t.match(held(kindData, queued, named('none', 'no such token'), NOW), {
    status: 'waiting',
    waiting: { reason: 'refused_us' },
    error: { code: 'container_host_refused', detail: 'no such token', step: '' },
  });
  const running = { ...queued, status: 'running' as const };
  t.equal(held(kindData, running, named('none'), NOW), running);
  t.equal(held(kindData, { ...queued, cancel: { at: '', undo: true } }, named('none'), NOW).status, 'queued');
});
