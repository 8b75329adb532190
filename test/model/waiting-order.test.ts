import t from 'tap';
import { AgentError, toRecord } from '../../src/kernel/errors.js';
import type { Job } from '../../src/model/job.js';
import { isLack, LACKS, lackOf } from '../../src/model/waiting-order.js';
import { aJob } from '../fakes/samples.js';

const waiting = { for: 'x', since: '', until: '' };

t.test('an order waits for what its last error says is missing', async (t) => {
  const lack = (code: Parameters<typeof errorOf>[0], also: Partial<Job> = {}) =>
    lackOf(aJob({ waiting, error: errorOf(code), ...also }));
  for (const code of LACKS) {
    t.equal(lack(code), code);
    t.ok(isLack(code));
  }
  t.equal(lack('internal_error'), null, 'another error');
  t.notOk(isLack('internal_error'));
  for (const method of ['restore', 'upgrade', 'unsuspend'] as const)
    t.equal(lack('capacity_exhausted', { method }), 'capacity_exhausted', method);
  t.equal(lack('capacity_exhausted', { method: 'start' }), null, 'nobody ordered it');
  const { waiting: _, ...going } = aJob({ error: errorOf('capacity_exhausted') });
  t.equal(lackOf(going), null, 'it does not wait');
  t.equal(lackOf(aJob({ waiting })), null, 'it has run into nothing');
  const refused = { ...errorOf('capacity_exhausted'), failure: 'conflict' as const };
  t.equal(lackOf(aJob({ waiting, error: refused })), null, 'it will not pass');
});

function errorOf(code: AgentError['code']) {
  return toRecord(new AgentError(code, 'Missing.'));
}
