/**
 * Ensures that the arguments of a call are plain JSON of a limited size. Both the module's side and the main thread use
 * this check.
 */
import { AgentError } from '../../kernel/errors.js';
import { plainJson } from '../../kernel/plain-json.js';
import { CALL_BOUNDS, mostBytesOf } from '../../modules/kit/call-bounds.js';
import type { Call, JournalCallName } from './protocol.js';

const JOURNAL_BYTES: Readonly<Record<JournalCallName, number>> = {
  'flow.declare': CALL_BOUNDS.flow,
  'step.begin': CALL_BOUNDS.call,
  'step.note': CALL_BOUNDS.note,
  'step.wait': CALL_BOUNDS.call,
  // the call contains a result or an error
  'step.end': CALL_BOUNDS.result + CALL_BOUNDS.call,
};

export function isJournalName(name: string): name is JournalCallName {
  return Object.hasOwn(JOURNAL_BYTES, name);
}

export function isForJournal(call: Call): call is Extract<Call, { name: JournalCallName }> {
  return isJournalName(call.name);
}

/** The call with a copy of its arguments. Throws `module_failed`, which says what is wrong with the arguments. */
export function boundedCall(call: Call): Call {
  if (isForJournal(call)) {
    const args = within(() => plainJson(call.args, call.name, { bytes: JOURNAL_BYTES[call.name] }));
    // the type is unchanged, because the arguments are the same values as plain JSON
    return { ...call, args } as unknown as Call;
  }
  const given = [...call.args];
  // trailing undefined arguments are optional arguments that were omitted
  while (given.length > 0 && given.at(-1) === undefined) given.pop();
  const args = within(() => plainJson(given, call.name, { bytes: mostBytesOf(call.name) }));
  return { ...call, args: args as readonly unknown[] };
}

/** Runs `check`. If it throws, the error is converted to an error of the module, which is not retried. */
export function within<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
}

export function unusable(detail: string, cause?: unknown): AgentError {
  return new AgentError('module_failed', 'The module of the product made an invalid call.', {
    retryable: false,
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}
