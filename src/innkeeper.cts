#!/usr/bin/env node
/**
 * The program `innkeeper`: sets what Node reads once, when it starts its threads, then runs the command line. This
 * cannot be an ES module, because loading one already starts the threads.
 */

// Each running fsync occupies one of these threads. With Node's default of four, requests would wait for the writes
// of running jobs.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

void import('./cli.js');
