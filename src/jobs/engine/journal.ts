/**
 * The journal is the job's record in the document of its subject. Every change is durable before the worker gets the
 * response.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, instant } from '../../kernel/clock.js';
import { AgentError, type ErrorRecord } from '../../kernel/errors.js';
import { type StepShape, UNTOUCHED } from '../../model/flow.js';
import type { Job, StepRecord } from '../../model/job.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Subject, SubjectRecords } from './subject.js';
import { endOfWait, isPending, type Wait, withWait } from './waits.js';

export interface Journal<S extends Subject = Subject> {
  job(): Promise<Job>;
  subject(): Promise<S>;
  /** Nothing is written when `fn` returns the same job. */
  change(fn: (job: Job, subject: S) => Job): Promise<Job>;
  changeSubject(fn: (subject: S) => S): Promise<S>;
  declare(shapes: readonly StepShape[]): Promise<void>;
  begin(step: string, direction: 'forward' | 'undo'): Promise<StepRecord>;
  note(step: string, values: JsonObject): Promise<void>;
  /** Notes that the step waits for a condition. Returns the error with which the step must end. */
  wait(step: string, wait: Wait): Promise<AgentError>;
  end(
    step: string,
    direction: 'forward' | 'undo',
    result: Json,
    error: ErrorRecord | undefined,
  ): Promise<void>;
}

export function journal<S extends Subject>(
  records: SubjectRecords<S>,
  key: string,
  jobId: string,
  clock: Clock,
): Journal<S> {
  const find = (subject: S): Job => {
    const job = subject.jobs.find((other) => other.id === jobId);
    if (!job) throw new AgentError('job_not_found', 'There is no such job.', { detail: `${key} ${jobId}` });
    return job;
  };

  const changeSubject = async (fn: (subject: S) => S): Promise<S> =>
    (await records.commit(key, (current) => ({ value: fn(current), result: undefined }))).value;

  const change = async (fn: (job: Job, subject: S) => Job): Promise<Job> => {
    const apply = (subject: S): Job => withLeftovers(records, subject, fn(find(subject), subject));
    for (let known = await records.get(key); ;) {
      const planned = apply(known);
      // The ended job is archived before it may be removed from the document. The archive may get two lines for the
      // job, which is harmless, because only the last line is used.
      if (hasEnded(planned, find(known))) await records.archive(key, planned);
      const { value, result } = await records.commit(key, (current) => {
        const next = current === known ? planned : apply(current);
        // another change, such as a cancel, was made after the job was archived, so the archive does not contain the
        // job in its present form
        const isUnarchived = current !== known && hasEnded(next, find(current));
        const same = next === find(current) || isUnarchived;
        return {
          value: same ? current : records.withJob(current, next, instant(clock)),
          result: { isUnarchived },
        };
      });
      if (!result.isUnarchived) return find(value);
      known = value;
    }
  };

  const changeStep = async (
    name: string,
    fn: (step: StepRecord, job: Job) => StepRecord,
    also: Partial<Job> = {},
  ): Promise<StepRecord> => {
    const job = await change((current) => ({
      ...current,
      ...also,
      steps: current.steps.map((step) => (step.name === name ? fn(step, current) : step)),
    }));
    const found = job.steps.find((step) => step.name === name);
    if (!found)
      throw new AgentError('module_failed', 'The job does not have this step.', {
        retryable: false,
        detail: `${jobId} ${name}`,
      });
    return found;
  };

  return {
    job: async () => find(await records.get(key)),
    subject: () => records.get(key),
    change,
    changeSubject,
    async declare(shapes) {
      const known = new Map(find(await records.get(key)).steps.map((step) => [step.name, step]));
      if (shapes.length === known.size && shapes.every((shape) => known.has(shape.name))) return;
      await change((job) => ({ ...job, steps: merged(job.steps, shapes) }));
    },
    begin: (step, direction) =>
      changeStep(step, (record, job) => {
        // the step keeps its error, because after the undo nothing else in the record shows which step had failed
        if (direction === 'undo') return { ...record, status: 'undoing' };
        const { error: _, ...rest } = record;
        // the cancel was recorded before the pivot began, so the pivot must not begin and the job is undone
        if (record.pivot && job.cancel) throw new AgentError('aborted', 'The job was cancelled.');
        return {
          ...rest,
          status: 'running',
          begun: record.begun + 1,
          // an earlier try may have noted that it changed nothing, but this try may change something
          notes: record.pivot ? { ...record.notes, [UNTOUCHED]: false } : record.notes,
          startedAt: record.startedAt ?? instant(clock),
          endedAt: null,
        };
      }),
    async note(step, values) {
      await changeStep(step, (record) => ({ ...record, notes: { ...record.notes, ...values } }));
    },
    async wait(step, wait) {
      const { notes } = await changeStep(step, (record) => ({
        ...record,
        notes: withWait(record.notes, wait, clock.now()),
      }));
      return endOfWait(notes, wait, clock.now(), clock.trusted());
    },
    async end(step, direction, result, error) {
      await changeStep(
        step,
        (record) => ended(record, direction, result, error, instant(clock)),
        // the job has made progress, so the count of crashes is reset
        error ? {} : { crashes: 0 },
      );
    },
  };
}

function hasEnded(job: Job, before: Job): boolean {
  return job.endedAt !== null && job.status !== before.status;
}

/** As soon as a job is stuck, adds the list of its leftovers, with which an operator must deal. */
function withLeftovers<S extends Subject>(records: SubjectRecords<S>, subject: S, job: Job): Job {
  if (job.status !== 'stuck') return job;
  const remains = records.remains(subject, job);
  return isDeepStrictEqual(remains, job.remains) ? job : { ...job, remains };
}

function ended(
  record: StepRecord,
  direction: 'forward' | 'undo',
  result: Json,
  error: ErrorRecord | undefined,
  now: string,
): StepRecord {
  if (direction === 'undo')
    return error ? { ...record, status: 'undo_failed', error } : { ...record, status: 'undone' };
  // A step that was aborted or waits has not failed. It runs again, with its notes, when the job continues.
  if (error?.code === 'aborted' || (error && isPending(error)))
    return { ...record, status: 'pending', endedAt: now };
  return error
    ? { ...record, status: 'failed', error, endedAt: now }
    : { ...record, status: 'done', result, endedAt: now };
}

/**
 * Combines the recorded steps with the declared ones. A recorded step that the present flow no longer declares is kept,
 * because it may have to be undone.
 */
function merged(known: readonly StepRecord[], shapes: readonly StepShape[]): StepRecord[] {
  const fresh = shapes.map((shape): StepRecord => {
    const before = known.find((record) => record.name === shape.name);
    return before
      ? { ...before, ...shape }
      : { ...shape, status: 'pending', notes: {}, result: null, begun: 0, startedAt: null, endedAt: null };
  });
  return [...fresh, ...known.filter((record) => !shapes.some((shape) => shape.name === record.name))];
}
