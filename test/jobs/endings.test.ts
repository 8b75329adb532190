import t from 'tap';
import { AgentError, type ErrorRecord, toRecord } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { Job } from '../../src/domain/job.js';
import type { Service } from '../../src/domain/service.js';
import { withJob } from '../../src/jobs/endings.js';
import { aJob, aService } from '../fakes/samples.js';

const NOW = '2026-01-02T03:04:05.000Z';
const reset = (also: Partial<Job>): Job =>
  aJob({ method: 'resetPassword', status: 'failed', endedAt: NOW, ...also });

/** What is known of the site's password when its reset has ended like this. */
function passwordAfter(ended: Job, next = true): string | undefined {
  const service: Service = aService({
    lifecycle: 'active',
    secrets: {
      admin_password: new Secret('old'),
      ...(next ? { admin_password_next: new Secret('new') } : {}),
    },
    jobs: [{ ...ended, status: 'running', endedAt: null }],
  });
  const after = withJob(service, ended, NOW);
  t.notOk(after.secrets['admin_password_next'], 'nothing is left on its way');
  return after.secrets['admin_password']?.reveal();
}

t.test('what is told after a reset of the password is what the site has, or nothing', async (t) => {
  const error = (code: ErrorRecord['code']): ErrorRecord => toRecord(new AgentError(code, ''));
  const cases: readonly (readonly [what: string, job: Partial<Job>, password: string | undefined])[] = [
    ['it is set', { status: 'completed' }, 'new'],
    ['the site has refused it', { error: error('administrator_missing') }, 'old'],
    ['the site was stopped', { error: error('service_stopped') }, 'old'],
    ['its script failed', { error: error('container_host_failed') }, 'old'],
    ['its end was not heard', { error: error('container_host_unreachable') }, undefined],
    ['cancelled on the way', { status: 'cancelled', cancel: { at: NOW, undo: true } }, undefined],
  ];
  for (const [what, job, password] of cases) t.equal(passwordAfter(reset(job)), password, what);
  t.equal(
    passwordAfter(reset({ error: error('container_host_unreachable') }), false),
    'old',
    'it never got to the script',
  );
});
