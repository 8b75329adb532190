/** One attempt, in its thread: waits for it, loads the one module, walks the flow, says how it ended. */
import { parentPort } from 'node:worker_threads';
// three quarters of what a module brings with it: so a thread that is loaded ahead has it
import 'typebox';
import { asAgentError, fromRecord, toRecord } from '../../kernel/errors.js';
import { importModule } from './import-module.js';
import { type Host, runFlow } from './flow-run.js';
import type { Attempt, Outcome, ToMain, ToWorker } from './protocol.js';
import { stepContext } from './step-context.js';

const port = parentPort;
if (!port) throw new Error('work.ts runs in a worker thread');

const say = (message: ToMain): void => port.postMessage(message);
const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
const aborter = new AbortController();
let lastId = 0;

port.on('message', (message: ToWorker) => {
  if (message.kind === 'begin') {
    void carryOut(message.attempt);
    return;
  }
  if (message.kind === 'abort') {
    aborter.abort(fromRecord(message.error));
    return;
  }
  const caller = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.kind === 'answer') caller?.resolve(message.value as never);
  else caller?.reject(fromRecord(message.error));
});

const host: Host = (name, args) =>
  new Promise((resolve, reject) => {
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    say({ kind: 'call', id, name, args });
  });

async function outcome(attempt: Attempt): Promise<Outcome> {
  try {
    const module = await importModule(attempt.modulePath);
    return await runFlow({
      attempt,
      flow: module.flow(attempt.method),
      host,
      signal: aborter.signal,
      contextFor: (seat) =>
        stepContext(attempt, seat, host, (level, step, message, fields) =>
          say({ kind: 'log', level, step, message, fields }),
        ),
    });
  } catch (error) {
    return { kind: 'failed', step: '', error: toRecord(asAgentError(error, 'module_failed')) };
  }
}

async function carryOut(attempt: Attempt): Promise<void> {
  say({ kind: 'end', outcome: await outcome(attempt) });
  port?.close();
}

say({ kind: 'loaded' });
