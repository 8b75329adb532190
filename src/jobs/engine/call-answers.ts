/** Answers the calls of a thread or process, and limits how many of them are pending. */
import { asAgentError, toRecord } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { unusable } from './bounded-call.js';
import type { Call, ToWorker } from './protocol.js';

/**
 * Maximum number of pending calls. The limit is higher than the one that the shell around the module enforces, so only
 * code that bypasses the shell can exceed it.
 */
const MOST_IN_FLIGHT = 256;

export interface CallAnswersDeps {
  /** Resolves to plain data, or rejects with the error to send. */
  readonly answer: (call: Call) => Promise<Json>;
  readonly send: (message: Extract<ToWorker, { kind: 'answer' | 'refusal' }>) => void;
  /** Called with an error that is a mistake of the agent. */
  readonly threw: (error: unknown, name: Call['name']) => void;
}

export interface CallAnswers {
  take(id: number, call: Call): void;
  /** The calls that are not answered yet. They never reject. */
  readonly pending: ReadonlyMap<Promise<unknown>, Call['name']>;
}

export function callAnswers({ answer, send, threw }: CallAnswersDeps): CallAnswers {
  const pending = new Map<Promise<unknown>, Call['name']>();
  return {
    pending,
    take(id, call) {
      const answered =
        pending.size < MOST_IN_FLIGHT
          ? answer(call)
          : Promise.reject(unusable(`the module made more than ${MOST_IN_FLIGHT} calls at the same time`));
      const work = answered.then(
        (value) => send({ kind: 'answer', id, value }),
        (error: unknown) => {
          const refused = asAgentError(error);
          if (refused.code === 'internal_error') threw(error, call.name);
          send({ kind: 'refusal', id, error: toRecord(refused) });
        },
      );
      pending.set(work, call.name);
      void work.finally(() => pending.delete(work));
    },
  };
}
