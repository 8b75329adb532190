/** Checks the messages of a thread or child process before they are used, because module code may have sent them. */
import {
  type ErrorCode,
  type ErrorRecord,
  ERRORS,
  type Failure,
  FAILURES,
  ROLES,
} from '../../kernel/errors.js';
import { detailOf, sentenceOf } from '../../kernel/text.js';
import { isJournalName } from './bounded-call.js';
import { boundedLine } from './log-ration.js';
import type { Call, Outcome, ToMain } from './protocol.js';
import { isFields } from '../../kernel/is-fields.js';

type Fields = Readonly<Record<string, unknown>>;

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const LONGEST_NAME = 200;

/** Undefined if the message is invalid. The arguments of a call are checked when it is answered. */
export function readMessage(raw: unknown): ToMain | undefined {
  if (!isFields(raw)) return undefined;
  if (raw['kind'] === 'loaded') return { kind: 'loaded' };
  if (raw['kind'] === 'log') return readLine(raw);
  if (raw['kind'] === 'call') {
    const { id, call } = raw;
    return typeof id === 'number' && isCall(call) ? { kind: 'call', id, call } : undefined;
  }
  if (raw['kind'] !== 'end') return undefined;
  const outcome = readOutcome(raw['outcome']);
  return outcome && { kind: 'end', outcome };
}

function readLine({ level, step, message, fields, dropped }: Fields): ToMain | undefined {
  const known = LEVELS.find((one) => one === level);
  if (known === undefined || !isName(step)) return undefined;
  // `boundedLine` accepts any message and fields
  return boundedLine({
    kind: 'log',
    level: known,
    step,
    message: message as string,
    fields: fields as object as never,
    ...(Number.isSafeInteger(dropped) && (dropped as number) > 0 ? { dropped: dropped as number } : {}),
  });
}

function isCall(call: unknown): call is Call {
  if (!isFields(call) || !isName(call['name'])) return false;
  if (isJournalName(call['name'])) return isFields(call['args']);
  return isName(call['step']) && Array.isArray(call['args']);
}

function readOutcome(raw: unknown): Outcome | undefined {
  if (!isFields(raw)) return undefined;
  const { kind, step } = raw;
  if (kind === 'completed' || kind === 'undone') return { kind };
  const error = readError(raw['error']);
  if ((kind !== 'failed' && kind !== 'undo_failed') || !isName(step) || !error) return undefined;
  return { kind, step, error };
}

/** The error in a form that a job's record may contain. An unknown code becomes `module_failed`. */
export function readError(raw: unknown): ErrorRecord | undefined {
  if (!isFields(raw)) return undefined;
  const { code, message, role, detail, system, failure, retryable } = raw;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof retryable !== 'boolean')
    return undefined;
  const known: ErrorCode = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'module_failed';
  const knownRole = ROLES.find((one) => one === role);
  const knownFailure: Failure | undefined = FAILURES.find((one) => one === failure);
  return {
    code: known,
    message: sentenceOf(message),
    retryable,
    ...(knownFailure === undefined ? {} : { failure: knownFailure }),
    ...(knownRole === undefined ? {} : { role: knownRole }),
    ...(typeof detail === 'string' ? { detail: detailOf(detail) } : {}),
    ...(isName(system) ? { system } : {}),
  };
}

/** Whether the value is a valid name of a step or call. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_NAME;
}
