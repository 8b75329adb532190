/**
 * The waits of steps for a condition. A step that waits ends with an error, and its job is started again later. Only
 * the notes of the step keep the time at which the wait began.
 */
import { AgentError, type ErrorRecord } from '../../kernel/errors.js';
import { isFields } from '../../kernel/is-fields.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Job } from '../../model/job.js';

export interface Wait {
  /** The number of the wait within its step. */
  readonly wait: number;
  readonly everyS: number;
  readonly atMostS: number;
}

interface WaitNote {
  readonly wait: number;
  /** RFC 3339. */
  readonly since: string;
  readonly everyS: number;
}

const NOTE = 'wait_until';

/** The notes of the step with this wait. A wait that has already begun keeps its beginning. */
export function withWait(notes: JsonObject, { wait, everyS }: Wait, now: number): JsonObject {
  const before = waitIn(notes);
  // a time in the future was noted while the clock was ahead
  const isSame = before?.wait === wait && Date.parse(before.since) <= now;
  const since = isSame ? before.since : new Date(now).toISOString();
  return { ...notes, [NOTE]: { wait, since, everyS } };
}

/** The error with which the step ends. If the clock is not trusted, no wait ends because of elapsed time. */
export function endOfWait(notes: JsonObject, { atMostS }: Wait, now: number, isTrusted: boolean): AgentError {
  const since = waitIn(notes)?.since;
  const isOver = isTrusted && since !== undefined && now - Date.parse(since) >= atMostS * 1000;
  return isOver
    ? new AgentError('condition_timeout', 'The operation waited too long.', {
        detail: `the condition was not met within ${atMostS} s`,
      })
    : new AgentError('condition_pending', 'The operation waits for a condition.');
}

export function isPending({ code }: Pick<ErrorRecord, 'code'>): boolean {
  return code === 'condition_pending';
}

/** Since when the step waits, and how many seconds lie between two checks. */
export function waitOf({ steps }: Pick<Job, 'steps'>, step: string): WaitNote | undefined {
  const found = steps.find(({ name }) => name === step);
  return found && waitIn(found.notes);
}

function waitIn({ [NOTE]: note }: JsonObject): WaitNote | undefined {
  if (!isFields(note)) return undefined;
  const { wait, since, everyS } = note;
  return typeof wait === 'number' && typeof since === 'string' && typeof everyS === 'number'
    ? { wait, since, everyS }
    : undefined;
}
