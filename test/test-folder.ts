import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files by name, and folders as further objects. */
export interface FolderContent {
  readonly [name: string]: string | Buffer | FolderContent;
}

/**
 * Makes a new folder with this content, and returns its path. Other users can read it. The folder is removed when the
 * teardowns that were registered later have ended. tap's own `testdir` is removed before the first teardown, while
 * programs of the test still write to it, and is never in memory.
 */
export function testFolder(t: { teardown(fn: () => void): void }, content: FolderContent = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-'));
  chmodSync(folder, 0o755);
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  fill(folder, content);
  return folder;
}

function fill(folder: string, content: FolderContent): void {
  for (const [name, value] of Object.entries(content)) {
    const path = join(folder, name);
    if (typeof value === 'string' || Buffer.isBuffer(value)) writeFileSync(path, value);
    else {
      mkdirSync(path);
      fill(path, value);
    }
  }
}
