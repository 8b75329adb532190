#!/usr/bin/env node
/**
 * The program `innkeeper`: refuses a Node that is too old, sets what Node reads once, when it starts its threads, then
 * runs the command line. This cannot be an ES module, because loading one already starts the threads.
 */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the only form that a CommonJS module has here
const { nodeProblem } = require('./node-version.cjs') as typeof import('./node-version.cjs');

// set by the build, from package.json
const problem = nodeProblem(process.env['INNKEEPER_ENGINES'] ?? '', process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`innkeeper: ${problem}\n`);
  process.exit(1);
}

// Each running fsync occupies one of these threads. With Node's default of four, requests would wait for the writes
// of running jobs.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

void import('./cli.js');
