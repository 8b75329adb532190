/** Creates the state folder durably. */
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import { nodeFileSystem } from './file-system.js';

/** File names of which every state folder of Innkeeper contains at least one. */
const OURS: ReadonlySet<string> = new Set(['lock', 'secret.key', 'services', 'tokens']);

/** Creates the state folder with mode 0700, because its contents are private. Throws AgentError `state_unavailable`. */
export async function makeRoot(dir: string): Promise<void> {
  try {
    const first = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (first === undefined) await refuseOthers(dir);
    await chmod(dir, 0o700);
    // parent folders that already existed are not opened for an fsync, because the service's user may lack the
    // permission to open them
    if (first !== undefined) await syncParents(resolve(dir), dirname(resolve(first)));
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('state_unavailable', 'The state folder cannot be used.', {
      role: 'agent',
      detail: `${dir}: ${String(error)}`,
      cause: error,
    });
  }
}

/**
 * Refuses a folder that other programs use. If `agent.state_dir` is wrong (`/tmp`, `/var/lib`), the agent must not
 * change the mode of a shared folder.
 */
async function refuseOthers(dir: string): Promise<void> {
  const { mode } = await stat(dir);
  if ((mode & 0o077) === 0) return;
  const names = await readdir(dir);
  if (names.length === 0 || names.some((name) => OURS.has(name))) return;
  throw new AgentError('state_unavailable', 'Other users can read the state folder.', {
    role: 'agent',
    retryable: false,
    detail: `${dir} is accessible to others (mode ${(mode & 0o777).toString(8)}) and contains ${names.slice(0, 3).join(', ')}: set agent.state_dir to a separate folder, or restrict it with chmod 700`,
  });
}

async function syncParents(dir: string, top: string): Promise<void> {
  for (let folder = dirname(dir); ; folder = dirname(folder)) {
    await nodeFileSystem.syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}
