/** Writes a copy of the state as a tar stream that ends with a manifest of checksums. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import { VERSION } from '../../kernel/version.js';
import { FORMAT, KEY_FILE, MANIFEST, type Manifest } from './bundle.js';
import type { CopiedFile, InstantCopy } from './instant-copy.js';

export interface ExportOptions {
  /** `agent.id` */
  readonly agent: string;
  /** RFC 3339 */
  readonly madeAt: string;
  readonly key: { readonly id: string; readonly bytes: Buffer };
  /**
   * Whether the export contains the key of the secrets. Everyone who has an export with the key can decrypt its
   * secrets.
   */
  readonly withKey: boolean;
}

type Line = Manifest['files'][number];

/**
 * Streams the export. The copy is removed when the stream has ended for any reason. An incomplete export can be
 * recognised, because it has no manifest at its end.
 */
export function exportState(copy: InstantCopy, options: ExportOptions): Readable {
  const tar = pack();
  void writeAll(tar, copy.files, options, new Date(options.madeAt)).catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(bytesOf(tar, copy), { objectMode: false });
}

async function* bytesOf(tar: Pack, copy: InstantCopy): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of tar) if (Buffer.isBuffer(chunk)) yield chunk;
  } finally {
    tar.destroy();
    await copy.remove();
  }
}

async function writeAll(
  tar: Pack,
  files: readonly CopiedFile[],
  { agent, madeAt, key, withKey }: ExportOptions,
  mtime: Date,
): Promise<void> {
  const lines: Line[] = [];
  for (const file of files) lines.push(await writeFile(tar, file, mtime));
  if (withKey)
    lines.push(await writeBytes(tar, KEY_FILE, Buffer.from(`${key.bytes.toString('base64')}\n`), mtime));
  const manifest: Manifest = {
    format: FORMAT,
    program: VERSION,
    agent,
    made_at: madeAt,
    key: { id: key.id, included: withKey },
    files: lines,
  };
  await writeBytes(tar, MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`), mtime);
  tar.finalize();
}

async function writeFile(tar: Pack, { path, at, bytes }: CopiedFile, mtime: Date): Promise<Line> {
  if (bytes === undefined) return writeBytes(tar, path, await readFile(at), mtime);
  const hash = createHash('sha256');
  if (bytes > 0) {
    const ended = ending(tar);
    const entry = tar.entry({ name: path, mode: 0o600, mtime, size: bytes }, ended.done);
    for await (const chunk of createReadStream(at, { end: bytes - 1 })) {
      if (!Buffer.isBuffer(chunk)) continue;
      hash.update(chunk);
      if (!entry.write(chunk)) await Promise.race([once(entry, 'drain'), ended.promise]);
    }
    entry.end(null);
    await ended.promise;
  } else await writeBytes(tar, path, Buffer.alloc(0), mtime);
  return { path, bytes, sha256: hash.digest('hex') };
}

async function writeBytes(tar: Pack, name: string, bytes: Buffer, mtime: Date): Promise<Line> {
  const ended = ending(tar);
  tar.entry({ name, mode: 0o600, mtime, size: bytes.length }, bytes, ended.done);
  await ended.promise;
  return { path: name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * The promise settles when an entry was read. It also settles when the reader has disconnected, because tar-stream does
 * not call back in that case.
 */
function ending(tar: Pack): { promise: Promise<void>; done: (error?: Error | null) => void } {
  let done: (error?: Error | null) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    const gone = (): void => reject(new Error('the reader of the export has disconnected'));
    tar.once('close', gone);
    done = (error) => {
      tar.off('close', gone);
      if (error) reject(error);
      else resolve();
    };
  });
  promise.catch(() => {});
  return { promise, done };
}
