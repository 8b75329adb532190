/** Makes the state folder itself, durably. */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AgentError } from '../domain/errors.js';
import { nodeFileSystem } from './file-system.js';

/** Mode 0700: what stands in it is nobody else's to read. Throws AgentError `state_unavailable`. */
export async function makeRoot(dir: string): Promise<void> {
  try {
    const first = await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    // folders that were there before are not ours to open: a service's user may not read them
    if (first !== undefined) await syncParents(resolve(dir), dirname(resolve(first)));
  } catch (error) {
    throw new AgentError('state_unavailable', 'The state folder cannot be made.', {
      role: 'agent',
      detail: `${dir}: ${String(error)}`,
      cause: error,
    });
  }
}

async function syncParents(dir: string, top: string): Promise<void> {
  for (let folder = dirname(dir); ; folder = dirname(folder)) {
    await nodeFileSystem.syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}
