/**
 * Manages the root disks, which are on a btrfs file system in a sparse file. Each disk and each snapshot is a
 * subvolume. btrfs qgroups enforce the sizes of the disks.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './run.js';

export interface DiskOptions {
  /** The sparse file. */
  readonly image: string;
  readonly mountPoint: string;
  /** The size of the file in GiB. The file is sparse, so the used space grows with the written data. */
  readonly sizeGb: number;
  readonly log: (line: string) => void;
}

export class Disk {
  readonly #options: DiskOptions;
  #quota = false;
  #usage: { at: number; bytes: ReadonlyMap<string, number> } | undefined;

  private constructor(options: DiskOptions) {
    this.#options = options;
  }

  static async open(options: DiskOptions): Promise<Disk> {
    const disk = new Disk(options);
    if (!existsSync(options.image)) await makeImage(options.image, options.sizeGb);
    await mkdir(options.mountPoint, { recursive: true });
    // With nobarrier, an fsync in a container does not flush the disk of the host. This is acceptable because a
    // sandbox does not have to survive a power loss.
    await run(['mount', '-o', 'loop,noatime,nobarrier', options.image, options.mountPoint]);
    for (const folder of ['base', 'ct', 'snap']) await mkdir(disk.path(folder), { recursive: true });
    await disk.#enableQuota();
    return disk;
  }

  get hasQuota(): boolean {
    return this.#quota;
  }

  path(...parts: string[]): string {
    return join(this.#options.mountPoint, ...parts);
  }

  async #enableQuota(): Promise<void> {
    const { mountPoint, log } = this.#options;
    try {
      const shown = await run(['btrfs', 'qgroup', 'show', mountPoint], { okCodes: [0, 1] });
      if (shown.code !== 0) {
        await run(['btrfs', 'quota', 'enable', mountPoint]);
        await run(['btrfs', 'quota', 'rescan', '-w', mountPoint]);
      }
      this.#quota = true;
    } catch (error) {
      log(`disk sizes are not enforced, because btrfs quotas do not work here: ${String(error)}`);
    }
  }

  async createSubvolume(path: string): Promise<void> {
    await run(['btrfs', 'subvolume', 'create', path]);
  }

  async snapshot(from: string, to: string, readOnly: boolean): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    await run(['btrfs', 'subvolume', 'snapshot', ...(readOnly ? ['-r'] : []), from, to]);
  }

  async setReadOnly(path: string, readOnly: boolean): Promise<void> {
    await run(['btrfs', 'property', 'set', path, 'ro', String(readOnly)]);
  }

  /** Removes the subvolume. Succeeds if it does not exist. */
  async remove(path: string): Promise<void> {
    if (!existsSync(path)) return;
    await this.setReadOnly(path, false);
    await run(['btrfs', 'subvolume', 'delete', path]);
  }

  /** Replaces `path` with a writable copy of `from`, and deletes the old content. */
  async replace(path: string, from: string): Promise<void> {
    const [fresh, old] = [`${path}.new`, `${path}.old`];
    await this.remove(fresh);
    await this.remove(old);
    await this.snapshot(from, fresh, false);
    await rename(path, old);
    await rename(fresh, path);
    await this.remove(old);
  }

  async limit(path: string, sizeGb: number): Promise<void> {
    if (!this.#quota) return;
    await run(['btrfs', 'qgroup', 'limit', String(Math.round(sizeGb * 1024 ** 3)), path]);
  }

  /**
   * Returns the size of the data to which the subvolume refers, in bytes. The sizes of all subvolumes are read
   * together, at most every 3 s.
   */
  async usedBytes(path: string): Promise<number> {
    if (!this.#quota) return 0;
    if (this.#usage === undefined || Date.now() - this.#usage.at > 3000) {
      const { stdout } = await run(['btrfs', 'qgroup', 'show', '--raw', this.path()]);
      this.#usage = { at: Date.now(), bytes: parseQgroups(stdout) };
    }
    return this.#usage.bytes.get(path.slice(this.#options.mountPoint.length + 1)) ?? 0;
  }

  async close(): Promise<void> {
    await unmount(this.#options.mountPoint);
  }
}

/** Parses the output of btrfs, which has lines such as `0/260 228564992 49152 ct/101`. */
export function parseQgroups(text: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^\d+\/\d+\s+(\d+)\s+\d+\s+(\S+)/.exec(line);
    if (found?.[1] !== undefined && found[2] !== undefined) bytes.set(found[2], Number(found[1]));
  }
  return bytes;
}

async function makeImage(image: string, sizeGb: number): Promise<void> {
  await mkdir(dirname(image), { recursive: true });
  const fresh = `${image}.${process.pid}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.truncate(sizeGb * 1024 ** 3);
  } finally {
    await file.close();
  }
  await run(['mkfs.btrfs', '-q', '-L', basename(image).slice(0, 32), fresh]);
  await rename(fresh, image);
}

/**
 * Unmounts the file system, which also frees the loop device. Retries for a short time, because a process that is
 * ending may still use the file system.
 */
export async function unmount(mountPoint: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { code } = await run(['mountpoint', '-q', mountPoint], { okCodes: [0, 1, 32] });
    if (code !== 0) return;
    const last = tries >= 50;
    const result = await run(['umount', ...(last ? ['--lazy'] : []), mountPoint], {
      okCodes: last ? [0] : [0, 32],
    });
    if (result.code !== 0) await delay(100);
  }
}
