#!/usr/bin/env node
/** The command line; see `innkeeper --help`. */
