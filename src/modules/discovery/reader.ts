/**
 * Entry of the process that reads one module. Whatever the module's code does (loop, exit, throw later, fill the heap,
 * change the prototypes) happens here, and the daemon only gets the result.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { importModule } from '../../jobs/engine/import-module.js';
import type { AnswerLine, ReadRequest } from './answer.js';
import { declarationsOf } from './declare.js';
import { ANSWER_FD, REQUEST_FD } from './descriptors.js';

/** What the module's code has begun may throw a moment later. */
const LINGER_MS = 200;

// kept before module code can replace them
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

/** If memory runs short, the kernel ends this process first, and not the daemon. */
function offerToOutOfMemoryKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // not on this system
  }
}

process.on('uncaughtException', (error) => refuse(error, 'its code threw after it was loaded: '));
process.on('unhandledRejection', (error) => refuse(error, 'its code left a rejected promise: '));
offerToOutOfMemoryKiller();
// must not keep the process alive
new Worker(new URL('parent-watch.js', import.meta.url)).unref();
// written by the daemon
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
