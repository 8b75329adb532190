/**
 * Runs attempts in the module's thread or process, one at a time: waits for an attempt, loads the module, runs the flow
 * and reports the outcome.
 */
import { asAgentError, fromRecord, toRecord } from '../../kernel/errors.js';
import { runFlow } from './flow-run.js';
import { flowOf } from './flow-of.js';
import { textsOf } from './module-texts.js';
import type { Attempt, Outcome, ToMain, ToWorker } from './protocol.js';
import { numbers, type Shell, shell } from './shell.js';
import type { Module } from '../../modules/kit/module.js';
import { type MakeCollections, type Outside, stepContext } from './step-context.js';

/** The connection to the main thread. */
export interface Port {
  say(message: ToMain): void;
  onMessage(listener: (message: ToWorker) => void): void;
  /** Closes the connection. Messages that were sent before are still delivered. */
  close(): void;
}

/**
 * Waits for an attempt, runs it, and closes the port. If the attempt says so, the port stays open for another attempt,
 * which begins after the end of the first.
 */
export function carryOut(port: Port): void {
  const nextId = numbers();
  let current: { readonly outside: Shell; readonly aborter: AbortController } | undefined;
  const begin = async (attempt: Attempt): Promise<void> => {
    const outside = shell((message) => port.say(message), nextId);
    const aborter = new AbortController();
    current = { outside, aborter };
    const end = await outcome(attempt, outside, aborter.signal);
    outside.end();
    port.say({ kind: 'end', outcome: end });
    if (!attempt.keep) port.close();
  };
  port.onMessage((message) => {
    if (message.kind === 'begin') void begin(message.attempt);
    else if (message.kind === 'abort') current?.aborter.abort(fromRecord(message.error));
    else current?.outside.settle(message);
  });
  port.say({ kind: 'loaded' });
}

async function outcome(attempt: Attempt, outside: Outside, signal: AbortSignal): Promise<Outcome> {
  try {
    const { flow, module } = await flowOf(attempt);
    const t = await textsOf(attempt);
    const collections = await collectionsFor(module);
    return await runFlow({
      ...{ attempt, flow, signal },
      journal: outside.journal,
      contextFor: (seat) => stepContext(attempt, seat, outside, t, collections),
    });
  } catch (error) {
    return { kind: 'failed', step: '', error: toRecord(asAgentError(error, 'module_failed')) };
  }
}

async function collectionsFor(module: Module | undefined): Promise<MakeCollections | undefined> {
  if (!module?.collections) return undefined;
  const { collectionsOf } = await import('../../modules/kit/collections.js');
  return collectionsOf(module);
}
