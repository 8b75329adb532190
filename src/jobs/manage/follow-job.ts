/** Yields the present state of a job, and its new state after every durable change, until the job has ended. */
import { onAbort } from '../../kernel/async/on-abort.js';
import { isOpen, type Job } from '../../model/job.js';
import type { Caller } from '../../model/caller.js';
import type { JobContext } from './context.js';
import type { JobFeed } from './job-feed.js';
import { type FoundJob, readJob } from './read-job.js';

/** Ends early when the signal aborts. If there is no such job, throws `job_not_found` before the first value. */
export async function* followJob(
  context: Pick<JobContext, 'state'> & { readonly jobFeed: JobFeed },
  caller: Pick<Caller, 'panel'>,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<FoundJob> {
  const changes: (Job | undefined)[] = [];
  let wake = (): void => {};
  const stopFollowing = context.jobFeed.follow(id, (job) => {
    changes.push(job);
    wake();
  });
  const forget = onAbort(signal, () => wake());
  try {
    // the subscription begins before the first read, so that no change is missed
    const { serviceId, job } = await readJob(context, caller, id);
    yield { serviceId, job };
    let open = isOpen(job);
    while (open && !signal.aborted) {
      if (changes.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      else {
        const next = changes.shift() ?? (await readJob(context, caller, id)).job;
        yield { serviceId, job: next };
        open = isOpen(next);
      }
    }
  } finally {
    stopFollowing();
    forget();
  }
}
