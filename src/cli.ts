#!/usr/bin/env node
/** The command line; see `innkeeper --help`. */
import { runCommandLine } from './cli/program.js';

process.exitCode = await runCommandLine(process.argv);
