/** Opens the state folder: locks it, reads everything, and hands out the stores. */
import { instant } from '../domain/clock.js';
import { Archive } from './archive.js';
import type { ApiToken, OpenState, State } from './contract.js';
import { Disk } from './disk.js';
import { bootFileSystem, nodeFileSystem } from './file-system.js';
import { lockFolder, type FolderLock } from './lock.js';
import { makeRoot } from './root-folder.js';
import { SecretBox } from './secret-box.js';
import { Services } from './services.js';
import { Documents } from './system.js';
import { tokenKind } from './token-document.js';

const CLOSED = 'the state was closed';

export const openState: OpenState = async ({ dir, key, clock, warn = () => undefined }) => {
  await makeRoot(dir);
  const disk = new Disk(bootFileSystem);
  const lock = await lockFolder({ dir, onLost: (reason) => disk.refuseAll(reason) });
  try {
    const common = { disk, box: new SecretBox(key), dir, now: () => instant(clock), warn };
    const [services, tokens] = await Promise.all([
      Services.open(common),
      Documents.open<ApiToken>({ ...common, folder: 'tokens', kind: tokenKind, idOf: ({ id }) => id }),
    ]);
    disk.fs = nodeFileSystem;
    return stateOf(disk, lock, services, new Archive(disk, dir), tokens);
  } catch (error) {
    await lock.release();
    throw error;
  }
};

function stateOf(
  disk: Disk,
  lock: FolderLock,
  services: Services,
  archive: Archive,
  tokens: Documents<ApiToken>,
): State {
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([services.idle(), archive.idle(), tokens.idle()]);
    disk.refuseAll(CLOSED);
    // a change that slipped in between is either refused or under way: the lock must outlive it
    await Promise.all([services.idle(), archive.idle(), tokens.idle()]);
    await lock.release();
  };
  return {
    services,
    archive,
    tokens,
    get broken() {
      return disk.broken !== undefined && disk.broken !== CLOSED;
    },
    close: () => (closed ??= close()),
  };
}
