/** Makes the state folder itself, durably. */
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import { nodeFileSystem } from './file-system.js';

/** What every state folder of ours holds one of. */
const OURS: ReadonlySet<string> = new Set(['lock', 'secret.key', 'services', 'tokens']);

/** Mode 0700: what stands in it is nobody else's to read. Throws AgentError `state_unavailable`. */
export async function makeRoot(dir: string): Promise<void> {
  try {
    const first = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (first === undefined) await refuseOthers(dir);
    await chmod(dir, 0o700);
    // folders that were there before are not ours to open: a service's user may not read them
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

/** A slip in `agent.state_dir` (`/tmp`, `/var/lib`) must not close a folder that others live in. */
async function refuseOthers(dir: string): Promise<void> {
  const { mode } = await stat(dir);
  if ((mode & 0o077) === 0) return;
  const names = await readdir(dir);
  if (names.length === 0 || names.some((name) => OURS.has(name))) return;
  throw new AgentError('state_unavailable', "The state folder is not the agent's alone.", {
    role: 'agent',
    retryable: false,
    detail: `${dir} is open to others (mode ${(mode & 0o777).toString(8)}) and holds ${names.slice(0, 3).join(', ')}: name a folder of its own in agent.state_dir, or close it with chmod 700`,
  });
}

async function syncParents(dir: string, top: string): Promise<void> {
  for (let folder = dirname(dir); ; folder = dirname(folder)) {
    await nodeFileSystem.syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}
