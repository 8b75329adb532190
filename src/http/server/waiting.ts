/**
 * Implements the 25-second rule. A request waits for its job only as long as every panel's HTTP client is known to
 * wait. After that time, the agent responds with 202, and the job continues.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Alarm } from '../../kernel/async/alarm.js';
import { anySignal } from '../../kernel/async/any-signal.js';
import { AgentError, fromRecord } from '../../kernel/errors.js';
import { FOR_RELEASE, isOpen, type Job } from '../../model/job.js';
import { keyOf, type Service } from '../../model/service.js';
import type { StatusWord } from '../../model/status.js';
import type { OperationContext } from '../../services/context.js';
import type { JobFeed } from '../../jobs/manage/job-feed.js';
import { readJob } from '../../jobs/manage/read-job.js';
import { wordOf } from '../../services/read-power.js';
import { readPrefer } from './prefer.js';

/**
 * The time limit, counted from the arrival of the request. Panels give up after 25 s, and the API promises a response
 * within 20 s.
 */
const MOST_MS = 19_500;

export interface WaitingContext extends Pick<OperationContext, 'state' | 'clock' | 'watch'> {
  readonly jobFeed: JobFeed;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
}

/** The result of `enqueue`. */
export interface StartedJob {
  readonly service: Service;
  readonly job: Job;
  /** The job was already in progress. */
  readonly joined?: boolean | undefined;
}

export interface AcceptedAnswer {
  readonly success: true;
  readonly service_id: string;
  readonly status: StatusWord;
  readonly job_id: string;
}

/**
 * Responds to a request that started (or joined) a job. Sets the status: 200 with the view of service and job once
 * the job has succeeded; 202 while it continues: after 20 s, after the caller's `Prefer: wait=N`, immediately with
 * `Prefer: respond-async`, when the caller has disconnected, or when the daemon stops. Throws the job's error if the
 * job failed.
 */
export async function answerJob<View extends object>(
  context: WaitingContext,
  request: FastifyRequest,
  reply: FastifyReply,
  started: StartedJob,
  view: (service: Service, job: Job) => View,
): Promise<
  { readonly success: true; readonly service_id: string; readonly job_id: string } & (View | AcceptedAnswer)
> {
  const { id } = started.service;
  request.isRepeated = started.joined === true;
  const job = await waitForJob(context, request, reply, started);
  const service = (await context.state.services.find(keyOf(started.service))) ?? started.service;
  if (isOpen(job)) {
    const status = wordOf(context.watch, service);
    void reply.code(202);
    return { success: true, service_id: id, status, job_id: job.id };
  }
  if (job.status !== 'completed') throw reasonOf(job, service);
  void reply.code(200);
  return { success: true, service_id: id, job_id: job.id, ...view(service, job) };
}

/** Resolves with the job when the job has ended or when the time limit is reached. Sets `Preference-Applied`. */
export async function waitForJob(
  context: WaitingContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { service, job }: StartedJob,
): Promise<Job> {
  const prefer = readPrefer(request.headers.prefer);
  // the request does not wait, because the job cannot continue before an operator acts
  const most = job.waiting?.for === FOR_RELEASE ? 0 : MOST_MS - reply.elapsedTime;
  const ms = Math.min(prefer.waitMs ?? MOST_MS, most);
  const hungUp = whenHungUp(reply);
  const over = anySignal(context.stopping, hungUp.signal);
  try {
    const found = await untilEnded(context, service.panel, job, ms, over.signal);
    const applied = prefer.applied(!isOpen(found));
    if (applied !== undefined) void reply.header('preference-applied', applied);
    return found;
  } finally {
    over.release();
    hungUp.forget();
  }
}

function whenHungUp(reply: FastifyReply): { signal: AbortSignal; forget: () => void } {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  reply.raw.once('close', onClose);
  return { signal: gone.signal, forget: () => void reply.raw.off('close', onClose) };
}

async function untilEnded(
  context: WaitingContext,
  panel: string,
  job: Job,
  ms: number,
  signal: AbortSignal,
): Promise<Job> {
  const read = async (): Promise<Job> => (await readJob(context, { panel }, job.id)).job;
  if (ms <= 0 || signal.aborted) return read();
  const ended = new Alarm();
  const stopFollowing = context.jobFeed.follow(job.id, (changed) => {
    if (changed === undefined || !isOpen(changed)) ended.ring();
  });
  try {
    // subscribe before reading the job, so that its end is not missed if it happens between the two
    const found = await read();
    if (!isOpen(found)) return found;
    await ended.sleep(context.clock, ms, signal, true);
    return await read();
  } finally {
    stopFollowing();
  }
}

/** Returns the error to send if the job has ended without doing what the caller requested. */
function reasonOf(job: Job, { lifecycle }: Service): AgentError {
  // if the creation of a site fails, requests that waited for it fail as well
  if (job.status === 'cancelled' && lifecycle === 'failed')
    return new AgentError(
      'service_failed',
      'The site could not be created, so the request was not carried out.',
    );
  if (job.status === 'cancelled')
    return new AgentError(
      'service_busy',
      'This request was not carried out, because a later request replaced it.',
    );
  if (job.error) return fromRecord(job.error);
  return new AgentError('internal_error', 'The job failed, but no reason was recorded.', {
    detail: `job ${job.id}`,
  });
}
