/** One mutable value kept in one JSON file, so that a sandbox world survives being killed. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface JsonFile<T> {
  /** Changed in place by its owner. */
  readonly value: T;
  /** True when an earlier run left the file. */
  readonly resumed: boolean;
  /** Resolves when everything up to now is on disk; whoever asks while one is being written shares the next. */
  save(): Promise<void>;
}

/** Without a file nothing is kept. `check` returns undefined for what it does not recognise; then this throws. */
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
