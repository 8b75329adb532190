/** A mutable value that is stored in a JSON file, so that it is kept even if the sandbox is killed. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface JsonFile<T> {
  /** The value, which the owner changes in place. */
  readonly value: T;
  /** True if the file already existed, because an earlier run has created it. */
  readonly resumed: boolean;
  /**
   * Resolves when all changes so far are on disk. If several calls arrive during a write, they share the next write.
   */
  save(): Promise<void>;
}

/**
 * Loads the value. If no file is given, nothing is stored. `check` returns undefined if the content does not have the
 * expected form. In this case, this function throws.
 */
export function openJsonFile<T>(
  file: string | undefined,
  fresh: T,
  check: (found: unknown) => T | undefined,
): JsonFile<T> {
  if (file === undefined) return { value: fresh, resumed: false, save: async () => {} };
  const resumed = existsSync(file);
  const value = resumed ? check(JSON.parse(readFileSync(file, 'utf8'))) : fresh;
  if (value === undefined) throw new Error(`not a state file of this sandbox: ${file}`);
  const write = async (): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${file}.new`, file);
  };
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    value,
    resumed,
    save() {
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          running = write();
          return running;
        });
      return next;
    },
  };
}
