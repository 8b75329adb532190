import t from 'tap';
import { followJob } from '../../../src/jobs/manage/follow-job.js';
import type { JobFeed } from '../../../src/jobs/manage/job-feed.js';
import type { FoundJob } from '../../../src/jobs/manage/read-job.js';
import type { Job } from '../../../src/model/job.js';
import type { State } from '../../../src/state/contract.js';
import { aJob } from '../../fakes/samples.js';

const JOB = aJob({ id: 'job-1', status: 'queued' });
const as = (status: Job['status']): Job => ({ ...JOB, status });

/** One job of the panel `default`, and its feed. */
function oneJob(first: Job) {
  let current = first;
  const followers = new Set<(job: Job | undefined) => void>();
  const services: unknown = {
    findJob: async (id: string) => (id === JOB.id ? { key: 'default/12', job: current } : undefined),
  };
  const archive: unknown = { find: async () => undefined };
  const jobFeed: Pick<JobFeed, 'follow'> = {
    follow(_id, listener) {
      followers.add(listener);
      return () => void followers.delete(listener);
    },
  };
  const state: unknown = { services, archive };
  return {
    context: { state: state as State, jobFeed: jobFeed as JobFeed },
    followers,
    /** `heard`: what the feed says; undefined for a change that it has not kept. */
    change(job: Job, heard: Job | undefined = job): void {
      current = job;
      for (const listener of followers) listener(heard);
    },
  };
}

const statusOf = ({ value }: IteratorResult<FoundJob, unknown>): string | undefined =>
  (value as FoundJob | undefined)?.job.status;

t.test('a job is followed through every change to its end', async (t) => {
  const one = oneJob(as('queued'));
  const seen = followJob(one.context, { panel: 'default' }, JOB.id, new AbortController().signal);
  t.match(await seen.next(), { value: { serviceId: '12', job: { status: 'queued' } } });
  const running = seen.next();
  one.change(as('running'));
  t.equal(statusOf(await running), 'running');
  one.change(as('waiting'));
  one.change(as('running'));
  one.change(as('completed'));
  t.equal(statusOf(await seen.next()), 'waiting', 'none is left out');
  t.equal(statusOf(await seen.next()), 'running');
  t.equal(statusOf(await seen.next()), 'completed');
  t.same(await seen.next(), { value: undefined, done: true });
  t.equal(one.followers.size, 0);
});

t.test('a change that the feed has not kept is read', async (t) => {
  const one = oneJob(as('running'));
  const seen = followJob(one.context, { panel: 'default' }, JOB.id, new AbortController().signal);
  await seen.next();
  one.change(as('completed'), undefined);
  for (const listener of one.followers) listener(undefined);
  t.equal(statusOf(await seen.next()), 'completed');
});

t.test('an ended job is read once, an unknown one and one of another panel are not found', async (t) => {
  const { signal } = new AbortController();
  const one = oneJob(as('failed'));
  const ended = followJob(one.context, { panel: 'default' }, JOB.id, signal);
  t.equal(statusOf(await ended.next()), 'failed');
  t.equal((await ended.next()).done, true);
  const unknown = followJob(one.context, { panel: 'default' }, 'job-2', signal);
  await t.rejects(unknown.next(), { code: 'job_not_found' });
  const foreign = followJob(one.context, { panel: 'staging' }, JOB.id, signal);
  await t.rejects(foreign.next(), { code: 'job_not_found' });
  t.equal(one.followers.size, 0);
});

t.test('a caller that leaves ends it', async (t) => {
  const one = oneJob(as('running'));
  const left = new AbortController();
  const seen = followJob(one.context, { panel: 'default' }, JOB.id, left.signal);
  await seen.next();
  const next = seen.next();
  left.abort();
  t.equal((await next).done, true);
  t.equal(one.followers.size, 0);
});
