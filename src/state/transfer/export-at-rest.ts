/** Exports the state while no daemon runs. The folder's lock is held during the export. */
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AgentError } from '../../kernel/errors.js';
import { Disk } from '../files/disk.js';
import { exportState } from './export.js';
import { isRotating } from '../keys/former-keys.js';
import { nodeFileSystem } from '../files/file-system.js';
import { copyInstant, removeStaleCopies } from './instant-copy.js';
import { type FolderLock, lockFolder } from '../files/lock.js';
import { SecretBox } from '../keys/secret-box.js';
import { findStateKey, type KeyPlaces } from '../keys/state-key.js';
import { refuseUnfinishedImport } from '../files/unfinished-import.js';

export interface RestingState {
  readonly config: KeyPlaces & { readonly agent: { readonly id: string } };
  readonly withKey: boolean;
  /** RFC 3339 */
  readonly madeAt: string;
}

/** Throws AgentError `state_unavailable` when there is no state, its key is missing, or a daemon uses the folder. */
export async function exportAtRest({ config, withKey, madeAt }: RestingState): Promise<Readable> {
  const dir = config.agent.state_dir;
  const key = await findStateKey(config);
  if (!key || !(await stat(dir).catch(() => undefined)))
    throw new AgentError('state_unavailable', 'There is no state to export.', {
      role: 'agent',
      detail: key ? dir : `${dir} has no secret.key, and no state_key is configured`,
    });
  const lock = await lockFolder({ dir, patienceS: 0, onLost: () => {} });
  try {
    await refuseUnfinishedImport(dir);
    if (await isRotating(dir))
      throw new AgentError('state_unavailable', 'The state cannot be exported now.', {
        role: 'agent',
        detail: 'a rotation of the key was not finished: start the daemon, which continues it',
      });
    await removeStaleCopies(dir);
    const copy = await copyInstant(new Disk(nodeFileSystem), dir);
    const { keyId } = new SecretBox(key);
    const tar = exportState(copy, {
      agent: config.agent.id,
      withKey,
      madeAt,
      key: { id: keyId, bytes: key },
    });
    return Readable.from(underLock(tar, lock), { objectMode: false });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Passes the export on while the lock is held. Throws `state_unavailable` when the lock was lost in the meantime,
 * because the export may then contain documents of different instants.
 */
async function* underLock(tar: Readable, lock: FolderLock): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of tar) if (Buffer.isBuffer(chunk)) yield chunk;
    const problem = lock.problem();
    if (problem !== undefined)
      throw new AgentError('state_unavailable', 'The export is not usable.', {
        role: 'agent',
        detail: `${problem} while the export was being made`,
      });
  } finally {
    await lock.release();
  }
}
