/** One attempt, in its thread: waits for it, loads the one module, walks the flow, says how it ended. */
import { type MessagePort, parentPort } from 'node:worker_threads';
// three quarters of what a module brings with it: so a thread that is loaded ahead has it
import 'typebox';
import { asAgentError, fromRecord, toRecord } from '../../kernel/errors.js';
import { importModule } from './import-module.js';
import { type Host, runFlow } from './flow-run.js';
import type { Attempt, Outcome, ToMain, ToWorker } from './protocol.js';
import { stepContext } from './step-context.js';

if (!parentPort) throw new Error('work.ts runs in a worker thread');
carryOutOne(parentPort);

/** Waits for this thread's one attempt, and closes the port behind it. */
function carryOutOne(port: MessagePort): void {
  const say = (message: ToMain): void => port.postMessage(message);
  const aborter = new AbortController();
  const calls = callsOver(say);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'begin')
      void outcome(message.attempt, { say, host: calls.host, signal: aborter.signal }).then((end) => {
        say({ kind: 'end', outcome: end });
        port.close();
      });
    else if (message.kind === 'abort') aborter.abort(fromRecord(message.error));
    else calls.settle(message);
  });
  say({ kind: 'loaded' });
}

interface Calls {
  readonly host: Host;
  settle(answer: Extract<ToWorker, { kind: 'answer' | 'refusal' }>): void;
}

/** What the main thread is asked, and who waits for each answer. */
function callsOver(say: (message: ToMain) => void): Calls {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let lastId = 0;
  return {
    host: (name, args) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        say({ kind: 'call', id, name, args });
      }),
    settle(answer) {
      const caller = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.kind === 'answer') caller?.resolve(answer.value as never);
      else caller?.reject(fromRecord(answer.error));
    },
  };
}

interface Seat {
  readonly say: (message: ToMain) => void;
  readonly host: Host;
  readonly signal: AbortSignal;
}

async function outcome(attempt: Attempt, { say, host, signal }: Seat): Promise<Outcome> {
  try {
    const module = await importModule(attempt.modulePath);
    return await runFlow({
      attempt,
      flow: module.flow(attempt.method),
      host,
      signal,
      contextFor: (seat) =>
        stepContext(attempt, seat, host, (level, step, message, fields) =>
          say({ kind: 'log', level, step, message, fields }),
        ),
    });
  } catch (error) {
    return { kind: 'failed', step: '', error: toRecord(asAgentError(error, 'module_failed')) };
  }
}
