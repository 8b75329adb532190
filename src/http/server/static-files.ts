/**
 * Serves public files from memory. If a client does not read a response, no file stays open, and the same limits apply
 * as for every other response.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Reads each file once, on the first request; a failed read is retried. Throws the system's error. */
export function staticFiles(root: string): (name: string) => Promise<StaticFile> {
  const files = new Map<string, Promise<StaticFile>>();
  return (name) => {
    const known = files.get(name);
    if (known) return known;
    const reading = load(join(root, name));
    files.set(name, reading);
    reading.catch(() => files.delete(name));
    return reading;
  };
}

async function load(path: string): Promise<StaticFile> {
  const body = await readFile(path);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  return { body, type: TYPES[extname(path)] ?? 'application/octet-stream', etag };
}
