import t from 'tap';
import { v7 as uuidv7 } from 'uuid';
import { systemClock } from '../../../src/kernel/clock.js';
import { withJob } from '../../../src/services/outcomes.js';
import { kindData } from '../../../src/model/job-kinds.js';
import { serviceRecords } from '../../../src/jobs/effects/service-subject.js';
import { journal } from '../../../src/jobs/engine/journal.js';
import { afterAttempt } from '../../../src/jobs/engine/policy.js';
import { openState } from '../../../src/state/open.js';
import { aJob, aService } from '../../fakes/samples.js';
import { KEY } from './harness.js';
import { testFolder } from '../../test-folder.js';

t.test('a job whose end is decided by a change that came between is in the archive too', async (t) => {
  const state = await openState({ dir: testFolder(t), key: Buffer.alloc(32, 7), clock: systemClock });
  t.teardown(() => state.close());
  const job = aJob({ id: uuidv7(), status: 'running', attempts: 1 });
  await state.services.commit(KEY, () => aService({ jobs: [job] }));
  const { services, archive } = state;
  const book = journal(serviceRecords({ services, archive, withJob }), KEY, job.id, systemClock);
  // its attempt has failed and is to be repeated, and in the same moment a deletion overtakes it
  const overtaking = services.commit(KEY, (service) => {
    if (!service) throw new Error('it is gone');
    const cancel = { at: new Date().toISOString(), undo: false };
    return { ...service, jobs: service.jobs.map((one) => ({ ...one, cancel })) };
  });
  const ended = await book.change((current) =>
    afterAttempt(
      current,
      { kind: 'crashed', detail: 'the thread ended' },
      {
        kinds: kindData,
        now: Date.now(),
        random: 0,
      },
    ),
  );
  await overtaking;
  t.equal(ended.status, 'cancelled');
  t.match(await archive.find(job.id), { key: KEY, job: { status: 'cancelled', endedAt: ended.endedAt } });
});
