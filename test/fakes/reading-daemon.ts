/** A process that reads one module, whose path it gets, and may be killed meanwhile. */
import { dirname } from 'node:path';
import { readerOf } from '../../src/modules/discovery/discover.js';
import { readLimits, readModule } from '../../src/modules/discovery/read-module.js';
import { shippedModules } from '../../src/modules/loader.js';

const request = { type: 'product', name: 'some', path: process.argv[2] ?? '', settings: {} } as const;
await readModule(readerOf(dirname(shippedModules())), request, readLimits(600));
