/**
 * Entry of the build's last step: reads the shipped modules with default settings, so that the first start of an agent,
 * its doctor and its tests do not have to. Exits with 1 if a shipped module cannot be used.
 */
import { dirname } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { findModules, shippedModules } from '../loader.js';
import { builtFolder, declarationsIn } from './declarations-cache.js';
import { discover, readerOf } from './discover.js';
import { SHIPPED_LIMITS } from './read-module.js';

const shipped = shippedModules();
const programs = dirname(shipped);
await mkdir(builtFolder(programs), { recursive: true });
const modules = await discover(
  {
    reader: readerOf(programs),
    cache: declarationsIn(builtFolder(programs), () => 0),
    isShipped: () => true,
    limits: SHIPPED_LIMITS,
  },
  await findModules([shipped]),
  {},
);
for (const { type, name, problem } of modules)
  if (problem !== null) {
    console.error(`the module ${type}/${name} cannot be used: ${problem}`);
    process.exitCode = 1;
  }
