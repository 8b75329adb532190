/** The folder of the build that runs, which holds `src`, `modules` and `chunks`. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `from`: the path of code in the build. Throws an Error if the path is not in a build. */
export function buildFolder(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'src', 'cli.js'))) return folder;
  }
  throw new Error(`${from} is not in a build of innkeeper`);
}
