/**
 * Limits the calls and log lines of module code. The limits are enforced in the module's thread or process, before the
 * calls reach the main thread.
 */
import { AgentError, fromRecord } from '../../kernel/errors.js';
import { boundedCall } from './bounded-call.js';
import { callCredits } from './call-credits.js';
import { logRation } from './log-ration.js';
import type { Call, ToMain, ToWorker } from './protocol.js';
import type { Outside } from './step-context.js';

export interface Shell extends Outside {
  settle(answer: Extract<ToWorker, { kind: 'answer' | 'refusal' }>): void;
  /**
   * Logs how many lines were dropped since the last such report. Refuses all further calls, because they would be
   * answered for the next attempt of this thread.
   */
  end(): void;
}

/** `nextId` must never return the same number twice in one thread. */
export function shell(say: (message: ToMain) => void, nextId = numbers()): Shell {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  const credits = callCredits();
  const lines = logRation(say, () => performance.now());
  let isOver = false;
  const send = (call: Call): Promise<never> =>
    new Promise((resolve, reject) => {
      if (isOver) throw new AgentError('aborted', 'The attempt has ended.');
      const id = nextId();
      waiting.set(id, { resolve, reject });
      say({ kind: 'call', id, call });
    });
  return {
    async journal(name, args) {
      const given = { name, args };
      // the compiler cannot see that the arguments belong to this name
      const call = boundedCall(given as Call);
      // notes come from steps and wait for a credit; all other calls to the journal come from the flow itself and must
      // not wait behind calls of its steps
      return name === 'step.note' ? credits.spend(() => send(call)) : send(call);
    },
    async ask(step, name, args) {
      const call = boundedCall({ name, step, args });
      return credits.spend(() => send(call));
    },
    log(level, step, message, fields) {
      if (!isOver) lines.line({ level, step, message, fields });
    },
    settle(answer) {
      const caller = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.kind === 'answer') caller?.resolve(answer.value as never);
      else caller?.reject(fromRecord(answer.error));
    },
    end() {
      lines.flush();
      isOver = true;
    },
  };
}

export function numbers(): () => number {
  let last = 0;
  return () => ++last;
}
