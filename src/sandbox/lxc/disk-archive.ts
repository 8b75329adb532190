/** Stores root disks as compressed archives, so that a disk is built only once and many environments can use it. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk } from './disk.js';
import { run } from './run.js';

const KEEP = ['--numeric-owner', '--xattrs', '--xattrs-include=*'];
const TIMEOUT_MS = 600_000;

/** Writes the archive of a disk. The archive file appears only when it is complete. */
export async function pack(rootfs: string, archive: string): Promise<void> {
  const fresh = `${archive}.${process.pid}.new`;
  await mkdir(dirname(archive), { recursive: true });
  try {
    const argv = [
      'tar',
      '--use-compress-program=zstd -q -T0 -3',
      '--sparse',
      ...KEEP,
      '-cf',
      fresh,
      '-C',
      rootfs,
      '.',
    ];
    await run(argv, { timeoutMs: TIMEOUT_MS });
    await rename(fresh, archive);
  } finally {
    await rm(fresh, { force: true });
  }
}

/** Unpacks the archive into a new read-only subvolume. The subvolume appears only when it is complete. */
export async function unpack(disk: Disk, archive: string, subvolume: string): Promise<void> {
  const fresh = `${subvolume}.new`;
  await disk.remove(fresh);
  await disk.createSubvolume(fresh);
  await run(['tar', '--zstd', ...KEEP, '-xpf', archive, '-C', fresh], { timeoutMs: TIMEOUT_MS });
  await disk.remove(subvolume);
  await disk.snapshot(fresh, subvolume, true);
  await disk.remove(fresh);
}
