/** A job as the API shows it. */
import type { ErrorRecord } from '../../kernel/errors.js';
import { type Job, progressOf } from '../../model/job.js';
import type { Remain } from '../../model/flow.js';

/** `detail` is only for operators; in responses to panels it is null. */
export function viewError(
  error: (ErrorRecord & { readonly step?: string }) | undefined,
  forOperator: boolean,
) {
  if (!error) return null;
  return {
    code: error.code,
    message: error.message,
    step: error.step || null,
    detail: forOperator ? (error.detail ?? null) : null,
  };
}

export function viewStep(step: Job['steps'][number], forOperator: boolean) {
  const { waits_for: waitsFor } = step.notes;
  return {
    name: step.name,
    after: [...step.after],
    status: step.status,
    started_at: step.startedAt,
    ended_at: step.endedAt,
    error: viewError(step.error, forOperator),
    ...(step.status === 'running' && typeof waitsFor === 'string' ? { waits_for: waitsFor } : {}),
  };
}

function viewRemain({ step, thing, what }: Remain, forOperator: boolean) {
  return { step, thing, what: forOperator ? what : null };
}

export function viewWaiting(job: Job) {
  if (!job.waiting) return null;
  const { for: system, reason = null, since, until } = job.waiting;
  return { for: system, reason, since, until };
}

/** The error that started the undo, if it differs from `error`. */
function reasonOf({ reason, error }: Job): Job['reason'] {
  return reason?.code === error?.code && reason?.step === error?.step ? undefined : reason;
}

export function viewJob(serviceId: string, job: Job, forOperator: boolean) {
  const progress = progressOf(job);
  return {
    id: job.id,
    service_id: serviceId,
    method: job.method,
    status: job.status,
    direction: job.direction,
    tags: [...job.tags],
    request_id: job.requestId,
    attempts: job.attempts,
    step: progress.step,
    steps_done: progress.stepsDone,
    steps_total: progress.stepsTotal,
    steps: job.steps.map((step) => viewStep(step, forOperator)),
    waiting: viewWaiting(job),
    error: viewError(job.error, forOperator),
    reason: viewError(reasonOf(job), forOperator),
    remains: (job.remains ?? []).map((remain) => viewRemain(remain, forOperator)),
    abandoned_at: job.abandonedAt ?? null,
    created_at: job.createdAt,
    started_at: job.startedAt,
    ended_at: job.endedAt,
  };
}

export type JobView = ReturnType<typeof viewJob>;
