/**
 * Entry of the process that reads one module. Module code may do anything here (run in a loop, exit, throw later, fill
 * the heap, change prototypes) without harm to the daemon, which gets only the result.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { importModule } from '../../jobs/engine/import-module.js';
import type { AnswerLine, ReadRequest } from './answer.js';
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

process.on('uncaughtException', (error) => refuse(error, 'its code threw after it was loaded: '));
process.on('unhandledRejection', (error) => refuse(error, 'its code left a rejected promise: '));
offerToOutOfMemoryKiller();
// the thread must not keep the process alive
new Worker(new URL('parent-watch.js', import.meta.url)).unref();
// the text needs no check, because the daemon has written it
const request = JSON.parse(readFileSync(REQUEST_FD, 'utf8')) as ReadRequest;
try {
  say({ kind: 'read', module: declarationsOf(await importModule(request.path), request) });
} catch (error) {
  refuse(error);
}
later(() => {
  say({ kind: 'end' });
  exit(0);
}, LINGER_MS);
