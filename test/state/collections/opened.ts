/** A collection on a disk in memory, for its tests. */
import type { CollectionShape } from '../../../src/model/collection.js';
import { openCollection } from '../../../src/state/collections/open-collection.js';
import { Disk } from '../../../src/state/files/disk.js';
import { SecretBox } from '../../../src/state/keys/secret-box.js';
import type { MemoryDisk } from '../memory-disk.js';

export const BOX = new SecretBox(Buffer.alloc(32, 7));

export const CHECKS: CollectionShape = {
  name: 'checks',
  indexes: {
    host: { fields: ['host', 'port'], unique: true },
    state: { fields: ['state', 'at'], unique: false },
  },
  service: false,
  migration: 0,
  rules: 'r',
};

/** `also` changes the shape. */
export function opened(files: MemoryDisk, also: Partial<CollectionShape> = {}, box: SecretBox = BOX) {
  const disk = new Disk(files);
  const now = (): string => '2026-03-01T12:00:00.000Z';
  const id = 'plugin/server-monitoring/checks';
  return openCollection({ disk, box, folder: '/checks', id, shape: { ...CHECKS, ...also }, now });
}

/** All keys in order, a page at a time. */
export async function keysOf({ collection }: Awaited<ReturnType<typeof opened>>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of collection.each()) keys.push(key);
  return keys;
}
