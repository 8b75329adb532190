/**
 * The file that marks an unfinished import. A folder that contains this file has received only part of an exported
 * state and must not be used.
 */
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import { nodeFileSystem } from './file-system.js';

const MARKER = 'import-unfinished';

export async function isUnfinished(dir: string): Promise<boolean> {
  return stat(join(dir, MARKER)).then(
    () => true,
    () => false,
  );
}

/** Throws AgentError `state_unavailable`. */
export async function refuseUnfinishedImport(dir: string): Promise<void> {
  if (!(await isUnfinished(dir))) return;
  throw new AgentError('state_unavailable', 'An import into the state folder was not finished.', {
    role: 'agent',
    retryable: false,
    detail: `${dir} contains only part of a state; run innkeeper state import again, which starts over`,
  });
}

/** Creates the file. The file is durable when the promise resolves. */
export async function markUnfinished(dir: string): Promise<void> {
  const file = await open(join(dir, MARKER), 'w', 0o600);
  await file.sync();
  await file.close();
  await nodeFileSystem.syncFolder(dir);
}

/** Removes the file. The removal is durable when the promise resolves. */
export async function markFinished(dir: string): Promise<void> {
  await rm(join(dir, MARKER), { force: true });
  await nodeFileSystem.syncFolder(dir);
}
