/**
 * Runs one attempt in a thread: waits for the attempt's data, loads its module, runs the flow and reports the outcome.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
// this import is three quarters of the code that a module imports, so a thread that is loaded in advance already has
// that code
import 'typebox';
import { asAgentError, fromRecord, toRecord } from '../../kernel/errors.js';
import { flowOf } from './flow-of.js';
import { runFlow } from './flow-run.js';
import type { Attempt, Call, Outcome, ToMain, ToWorker } from './protocol.js';
import { type Outside, stepContext } from './step-context.js';

if (!parentPort) throw new Error('thread-main.ts must run in a worker thread');
carryOutOne(parentPort);

/** Waits for this thread's only attempt, runs it, and closes the port. */
function carryOutOne(port: MessagePort): void {
  const say = (message: ToMain): void => port.postMessage(message);
  const aborter = new AbortController();
  const calls = callsOver(say);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'begin')
      void outcome(message.attempt, outsideOf(say, calls), aborter.signal).then((end) => {
        say({ kind: 'end', outcome: end });
        port.close();
      });
    else if (message.kind === 'abort') aborter.abort(fromRecord(message.error));
    else calls.settle(message);
  });
  say({ kind: 'loaded' });
}

interface Calls {
  /** Resolves with the response, whose type depends on the call's name. */
  readonly send: (call: Call) => Promise<never>;
  settle(answer: Extract<ToWorker, { kind: 'answer' | 'refusal' }>): void;
}

/** Sends calls to the main thread, and matches responses to them. */
function callsOver(say: (message: ToMain) => void): Calls {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let lastId = 0;
  return {
    send: (call) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        say({ kind: 'call', id, call });
      }),
    settle(answer) {
      const caller = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.kind === 'answer') caller?.resolve(answer.value as never);
      else caller?.reject(fromRecord(answer.error));
    },
  };
}

function outsideOf(say: (message: ToMain) => void, { send }: Calls): Outside {
  return {
    journal(name, args) {
      const call = { name, args };
      // the compiler cannot see that the arguments belong to this name
      return send(call as Call);
    },
    ask: (step, name, args) => send({ name, step, args }),
    log: (level, step, message, fields) => say({ kind: 'log', level, step, message, fields }),
  };
}

async function outcome(attempt: Attempt, outside: Outside, signal: AbortSignal): Promise<Outcome> {
  try {
    return await runFlow({
      attempt,
      flow: await flowOf(attempt),
      journal: outside.journal,
      signal,
      contextFor: (seat) => stepContext(attempt, seat, outside),
    });
  } catch (error) {
    return { kind: 'failed', step: '', error: toRecord(asAgentError(error, 'module_failed')) };
  }
}
