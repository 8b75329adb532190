/**
 * Puts boundaries around the changes of a folder outside the state: the reverse proxy's, which its driver writes
 * itself.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import type { Boundaries } from './boundaries.js';

const CHANGES = ['rename', 'rm', 'unlink', 'mkdir', 'writeFile', 'symlink', 'copyFile'] as const;

/** Affects all modules of this process that use these functions of Node. */
export function aroundFolder(folder: string, points: Boundaries): void {
  const nameOf = (paths: readonly unknown[]): string | undefined => {
    // for a rename: the target
    const path = paths.findLast((one) => typeof one === 'string' && one.startsWith(`${folder}/`));
    return typeof path === 'string' ? relative(folder, path).split('/')[0] : undefined;
  };
  for (const what of CHANGES) {
    const real: unknown = Reflect.get(fs, what);
    if (typeof real !== 'function') throw new Error(`Node has no ${what}`);
    Reflect.set(fs, what, async (...args: unknown[]): Promise<unknown> => {
      const part = nameOf(args.slice(0, 2));
      if (part !== undefined) points.pass(`proxy/${part} ${what} before`);
      const result: unknown = await Reflect.apply(real, fs, args);
      if (part !== undefined) points.pass(`proxy/${part} ${what} after`);
      return result;
    });
  }
  const open = fs.open;
  Reflect.set(fs, 'open', async (...args: Parameters<typeof open>) => {
    const file = await open(...args);
    const part = nameOf(args.slice(0, 1));
    // the file exists and is empty: writing its content is the next boundary
    if (part !== undefined && args[1] === 'wx') points.pass(`proxy/${part} open after`);
    return file;
  });
  syncBuiltinESMExports();
}
