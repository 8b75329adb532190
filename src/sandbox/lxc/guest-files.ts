/**
 * Writes files to a root disk before every start of the container. The files for host name, hosts and resolver are the
 * same that Proxmox writes. The sandbox also writes the apt settings.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackendContainer } from '../backend.js';

const BEGIN = '# --- BEGIN PVE ---';
const END = '# --- END PVE ---';

export interface GuestSurroundings {
  /** The lines for /etc/apt/apt.conf.d that apt needs to access its archive. */
  readonly aptConfig: string;
}

export async function writeGuestFiles(
  rootfs: string,
  container: BackendContainer,
  around: GuestSurroundings,
): Promise<void> {
  const short = container.hostname.split('.')[0] ?? container.hostname;
  const names = short === container.hostname ? short : `${container.hostname} ${short}`;
  const address = container.ipv4?.address ?? '127.0.1.1';
  await put(rootfs, 'etc/hostname', `${short}\n`);
  await put(rootfs, 'etc/hosts', withSection(await readOld(rootfs, 'etc/hosts'), `${address} ${names}`));
  // The resolver is a loopback address on which no server listens, so that lookups of other names fail at once
  // instead of after 20 s.
  const servers = (container.nameserver ?? '127.0.0.1').split(/[ ,]+/).filter((server) => server !== '');
  await put(rootfs, 'etc/resolv.conf', servers.map((server) => `nameserver ${server}\n`).join(''));
  await put(rootfs, 'etc/apt/apt.conf.d/90sandbox', around.aptConfig);
}

/** Replaces the section of the host, or adds it. All other lines belong to the guest and stay unchanged. */
export function withSection(old: string, lines: string): string {
  const section = `${BEGIN}\n${lines}\n${END}\n`;
  const [begin, end] = [old.indexOf(`${BEGIN}\n`), old.indexOf(`${END}\n`)];
  if (begin >= 0 && end > begin) return old.slice(0, begin) + section + old.slice(end + END.length + 1);
  return (old === '' || old.endsWith('\n') ? old : `${old}\n`) + section;
}

async function readOld(rootfs: string, file: string): Promise<string> {
  return readFile(join(rootfs, file), 'utf8').catch(() => '127.0.0.1 localhost\n');
}

/**
 * Writes a temporary file and renames it, so that a symbolic link that the guest created is replaced and never
 * followed.
 */
async function put(rootfs: string, file: string, content: string): Promise<void> {
  const target = join(rootfs, file);
  const fresh = `${target}.pve-new`;
  await mkdir(dirname(target), { recursive: true });
  await rm(fresh, { force: true, recursive: true });
  await writeFile(fresh, content, { mode: 0o644, flag: 'wx' });
  await rename(fresh, target);
}
