/** Links the kit of the running release into the folder of the modules' copies, where the copies find it. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { buildFolder } from '../kernel/build-folder.js';

/**
 * Points `node_modules/innkeeper` in the folder of the copies to the running release. It is done at every start,
 * because an upgrade may have replaced the release. Exports contain no links.
 */
export async function linkKit(copies: string): Promise<void> {
  const folder = join(copies, 'node_modules');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const aside = join(folder, `.innkeeper-${randomBytes(6).toString('hex')}`);
  await symlink(buildFolder(), aside);
  try {
    await rename(aside, join(folder, 'innkeeper'));
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
