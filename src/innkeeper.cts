#!/usr/bin/env node
/**
 * The program `innkeeper`: sets what Node reads once, when it starts its threads, and goes on to the command line. An
 * ES module would come too late: loading one has started the threads already.
 */

// Each fsync under way holds one of these threads. Four of them, Node's default, would let a request wait for the
// writes of running jobs.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

void import('./cli.js');
