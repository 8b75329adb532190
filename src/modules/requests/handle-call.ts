/** Handles one request in the process of the module: loads the module, calls the handler and sends its reply. */
import { AgentError, asAgentError, toRecord } from '../../kernel/errors.js';
import { importModule } from '../../jobs/engine/import-module.js';
import { textsOf } from '../../jobs/engine/module-texts.js';
import { shell } from '../../jobs/engine/shell.js';
import type { Module } from '../kit/module.js';
import type { Handler } from '../kit/request.js';
import { handlerOf, inputSchemaOf, labelOf } from './find-handler.js';
import type { FromRequestProcess, RequestCall, SentError, ToRequestProcess } from './messages.js';
import { replySender } from './send-reply.js';
import { readRequest } from './read-request.js';
import { requestContext } from './request-context.js';

export interface RunningCall {
  take(message: Exclude<ToRequestProcess, { kind: 'request' }>): void;
}

type Say = (message: FromRequestProcess) => void;

export interface CallAround {
  readonly say: Say;
  /** Numbers the calls to the main thread of all requests. */
  readonly nextId: () => number;
  readonly load: (path: string) => Promise<Module>;
}

/** Imports the code once, and makes a new instance for each request. */
export function moduleLoader(): CallAround['load'] {
  const loaded = new Map<string, Promise<Module>>();
  return async (path) => {
    const known = loaded.get(path);
    if (known) return Reflect.construct((await known).constructor, []) as Module;
    const first = importModule(path);
    loaded.set(path, first);
    first.catch(() => loaded.delete(path));
    return first;
  };
}

export function handleCall(call: RequestCall, { say: write, nextId, load }: CallAround): RunningCall {
  let isOver = false;
  // what the code does after the end of its call must not be mistaken for messages of the next call
  const say: Say = (message) => {
    if (isOver) return;
    // the shell may still have to report how many log lines were dropped
    if (isLast(message)) outside.end();
    write(message);
    isOver = isLast(message);
  };
  const outside = shell((message) => say(message as FromRequestProcess), nextId);
  const stopped = new AbortController();
  const sender = replySender(say, stopped.signal);
  const run = async (): Promise<void> => {
    try {
      const module = await load(call.modulePath);
      const t = await textsOf({ modulePath: call.modulePath, subject: call });
      const context = await requestContext(call, module, {
        ...{ t, signal: stopped.signal, step: labelOf(call.target) },
        ...{ ask: outside.ask, log: outside.log },
      });
      await sender.send(await called(module, call, context), context);
    } catch (error) {
      say({ kind: 'failed', ...failureOf(error) });
    }
  };
  void run();
  return {
    take(message) {
      if (message.kind === 'more') sender.more();
      else if (message.kind === 'stop') stopped.abort(new AgentError('aborted', 'The response is not read.'));
      else outside.settle(message);
    },
  };
}

function isLast(message: FromRequestProcess): boolean {
  if (message.kind === 'reply') return !message.reply.isStream;
  return message.kind === 'end' || message.kind === 'failed';
}

async function called(
  module: Module,
  { target, request, ...around }: RequestCall,
  context: Parameters<Handler>[0],
): Promise<unknown> {
  const handler = handlerOf(module, target);
  if (target.kind === 'method') return Reflect.apply(handler, module, [context, ...target.args]);
  if (!request) throw new Error('the request is missing');
  const read = await readRequest(request, inputSchemaOf(module, target), around);
  return Reflect.apply(handler, module, [context, read]);
}

function failureOf(error: unknown): { readonly error: SentError; readonly isThrown: boolean } {
  const failed = asAgentError(error, 'module_failed');
  const { fields } = failed;
  return {
    error: { ...toRecord(failed), ...(fields === undefined ? {} : { fields }) },
    isThrown: !(error instanceof AgentError),
  };
}
