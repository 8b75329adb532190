/**
 * Entry of the process that reads one module. Module code may do anything here (run in a loop, exit, throw later, fill
 * the heap, change prototypes) without harm to the daemon, which gets only the result.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AgentError } from '../../kernel/errors.js';
import { importModule } from '../../jobs/engine/import-module.js';
import type { Module } from '../kit/module.js';
import type { AnswerLine, CheckCall, ReadRequest } from './answer.js';
import { declarationsOf } from './declare.js';
import { ANSWER_FD, REQUEST_FD } from './descriptors.js';

/**
 * Time that the process waits before it ends. Asynchronous work that the module's code has begun may still throw in
 * that time.
 */
const LINGER_MS = 200;

// these functions are saved before module code can replace them
const { stringify } = JSON;
const exit = process.exit.bind(process);
const later = setTimeout;

function say(line: AnswerLine): void {
  let rest = Buffer.from(`${stringify(line)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(ANSWER_FD, rest));
}

function refuse(error: unknown, when = ''): never {
  say({ kind: 'unusable', problem: `${when}${error instanceof Error ? error.message : String(error)}` });
  say({ kind: 'end' });
  return exit(0);
}

/** Asks the kernel to kill this process before the daemon if memory runs short. */
function offerToOutOfMemoryKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // this system does not have the file
  }
}

/** Calls a check of the module. An AgentError is its result; any other error means that the check itself failed. */
async function checked(module: Module, { member, args }: CheckCall): Promise<AnswerLine> {
  const method: unknown = Reflect.get(module, member);
  if (typeof method !== 'function') throw new Error(`it has no ${member}()`);
  try {
    const result: unknown = await Reflect.apply(method, module, args);
    return { kind: 'checked', result };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const { code, message, fields } = error;
    return { kind: 'refused', error: { code, message, fields } };
  }
}

process.on('uncaughtException', (error) => refuse(error, 'its code threw after it was loaded: '));
process.on('unhandledRejection', (error) => refuse(error, 'its code did not handle a rejected promise: '));
offerToOutOfMemoryKiller();
// the thread must not keep the process alive
new Worker(new URL('parent-watch.js', import.meta.url)).unref();
// the text needs no check, because the daemon has written it
const request = JSON.parse(readFileSync(REQUEST_FD, 'utf8')) as ReadRequest;
try {
  const module = await importModule(request.path);
  say(
    request.check
      ? await checked(module, request.check)
      : { kind: 'read', module: declarationsOf(module, request) },
  );
} catch (error) {
  refuse(error);
}
const end = (): void => {
  say({ kind: 'end' });
  exit(0);
};
// the caller of a check waits for the result, and errors that the module throws later do not change it
if (request.check) end();
else later(end, LINGER_MS);
