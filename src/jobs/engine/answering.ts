/**
 * Answers the calls of one attempt. Calls to the journal are handled here. All other calls of a step are passed to the
 * code for the kind of the job's subject.
 */
import type { Logger } from 'pino';
import { AgentError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { Job } from '../../model/job.js';
import { plainJson } from '../../kernel/plain-json.js';
import { CALL_BOUNDS } from '../../modules/kit/call-bounds.js';
import { boundedCall, isForJournal, within } from './bounded-call.js';
import type { Journal } from './journal.js';
import { checkedJournalCall } from './journal-call.js';
import type { Leases } from './leases.js';
import type { Limits } from './limits.js';
import type { Call, JournalCallName, JournalCalls } from './protocol.js';
import type { SubjectKind } from './subject-kind.js';
import { type StepEnded, stepLogger } from './step-logger.js';

export interface AnsweringDeps {
  readonly kind: SubjectKind;
  readonly job: Job;
  readonly log: Logger;
  readonly journal: Journal;
  readonly leases: Leases;
  readonly limit: Limits;
  /** Aborts, and so ends the calls, at the deadline, when the agent stops, or when another step fails. */
  readonly signal: AbortSignal;
  /** Aborted when no further step may begin. */
  readonly drain: AbortSignal;
  readonly stepEnded: StepEnded | undefined;
  /** Called when a step failed permanently and the job was not being undone. */
  readonly stepFailed: () => void;
}

export interface Answering {
  /** Resolves to plain data, or rejects with the error to send to the thread. */
  answer(call: Call): Promise<Json>;
  /** The step of the latest call; an empty text before the first. */
  lastStep(): string;
}

type JournalCall = Extract<Call, { name: JournalCallName }>;

export function answering(deps: AnsweringDeps): Answering {
  const { kind, journal, leases, limit, log, signal } = deps;
  const told = stepLogger(log, deps.stepEnded, deps.job.method);
  let lastStep = '';
  return {
    lastStep: () => lastStep,
    async answer(raw) {
      const bounded = boundedCall(raw);
      const call = isForJournal(bounded) ? checkedJournalCall(bounded) : bounded;
      const step = stepOf(call);
      if (step !== '') lastStep = step;
      if (!isForJournal(call)) {
        const onWait = (waiting: boolean): void => limit.wait(step, waiting);
        const context = { journal, leases, log, name: call.name, step, signal, onWait };
        // every result in the table of calls is plain data or undefined
        return ((await kind.call(context, call.name, call.args)) ?? null) as Json;
      }
      heed(deps, call);
      const answer = await recorded(journal, call);
      told(call);
      return answer;
    },
  };
}

function stepOf(call: Call): string {
  if ('step' in call) return call.step;
  return 'step' in call.args ? call.args.step : '';
}

/** Starts and ends the time limits of steps, and ends the other steps after a permanent failure. */
function heed({ job, limit, drain, stepFailed }: AnsweringDeps, call: JournalCall): void {
  if (call.name === 'flow.declare') limit.started();
  if (call.name === 'step.begin') {
    if (drain.aborted) throw new AgentError('aborted', 'The agent is stopping.');
    limit.begin(call.args.step, call.args.timeoutS);
  }
  if (call.name !== 'step.end') return;
  const { step, error } = call.args;
  limit.end(step);
  if (error && !error.retryable && job.direction === 'forward') stepFailed();
}

async function recorded(
  journal: Journal,
  call: JournalCall,
): Promise<JournalCalls[JournalCallName]['answer']> {
  switch (call.name) {
    case 'flow.declare':
      await journal.declare(call.args.shapes);
      return null;
    case 'step.begin': {
      const { notes } = await journal.begin(call.args.step, call.args.direction);
      return { notes };
    }
    case 'step.note':
      await note(journal, call.args);
      return null;
    case 'step.wait':
      throw await journal.wait(call.args.step, call.args);
    case 'step.end': {
      const { step, direction, result, error } = call.args;
      await journal.end(step, direction, result ?? null, error);
      return null;
    }
  }
}

/** Adds notes of a step. All notes of the step together must not exceed the size limit. */
async function note(journal: Journal, { step, values }: JournalCalls['step.note']['args']): Promise<void> {
  const known = (await journal.job()).steps.find(({ name }) => name === step);
  const bounds = { bytes: CALL_BOUNDS.note };
  within(() =>
    plainJson({ ...known?.notes, ...values }, `the object with all notes of the step ${step}`, bounds),
  );
  await journal.note(step, values);
}
