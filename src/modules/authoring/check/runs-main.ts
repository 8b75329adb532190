/**
 * Entry of the process that runs the jobs of a module for the conformance suite. Each line of its answer is a finding,
 * or the name of the job that runs.
 */
import { readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { importDefault, importModule } from '../../../jobs/engine/import-module.js';
import { ANSWER_FD, REQUEST_FD } from '../../discovery/descriptors.js';
import { callChecks } from '../testing/carry-out.js';
import type { Conformance } from './conformance.js';
import { dataFindings } from './data.js';
import { checkHandlers } from './handlers.js';
import { checkJobs } from './jobs.js';
import type { Finding } from './lines.js';

// these functions are saved before module code can replace them
const { stringify } = JSON;
const exit = process.exit.bind(process);

function say(line: object): void {
  let rest = Buffer.from(`${stringify(line)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(ANSWER_FD, rest));
}

const found = (finding: Finding): void => say(finding);
const failed = (error: unknown, when: string): never => {
  found({ line: 'completes', problem: `${when}${error instanceof Error ? error.message : String(error)}` });
  say({ kind: 'end' });
  return exit(0);
};

process.on('uncaughtException', (error) => failed(error, 'the code threw outside of a step: '));
process.on('unhandledRejection', (error) => failed(error, 'the code left a rejected promise: '));
// the thread must not keep the process alive
new Worker(new URL('../../discovery/parent-watch.js', import.meta.url)).unref();
// the text needs no check, because the command has written it
const { path } = JSON.parse(readFileSync(REQUEST_FD, 'utf8')) as { path: string };
try {
  const folder = dirname(path);
  const module = await importModule(path);
  const conformance = await importDefault(join(folder, 'conformance.js'));
  if (conformance !== undefined && typeof conformance !== 'function')
    throw new Error('conformance.js does not export a function as its default');
  const subject = {
    module,
    folder,
    check: callChecks(),
    make: (conformance ?? ((): Conformance => ({}))) as () => Conformance,
  };
  const report = { found, begins: (job: string): void => say({ kind: 'job', job }) };
  for (const finding of await dataFindings(subject)) found(finding);
  if (module.info.type === 'product') await checkJobs(subject, report);
  else await checkHandlers(subject, report);
} catch (error) {
  failed(error, '');
}
say({ kind: 'end' });
exit(0);
