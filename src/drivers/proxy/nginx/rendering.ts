/**
 * Manages the rendered file on disk. The file is replaced before nginx tests it. If nginx rejects the new file, the
 * previous one is restored.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeLeftovers, replaceFile, syncFolder } from '../../shared/durable-file.js';
import { renderPages } from './pages.js';
import type { NginxConfig } from './config.js';
import { renderNginx } from './render.js';
import type { Records } from './records.js';

export interface Rendering {
  readonly version: string;
  /** Undefined if there was no file. */
  readonly text: string | undefined;
}

export async function readRendering(config: NginxConfig): Promise<Rendering> {
  const version = (await readIfThere(join(config.dir, 'version')))?.trim() ?? '';
  const text = await readIfThere(join(config.dir, 'nginx.conf'));
  return { version: /^\d{1,16}$/.test(version) ? version : '0', text };
}

export function makeRendering(config: NginxConfig, records: Records, version: string): Rendering {
  const { sites, certificates } = records;
  return { version, text: renderNginx(config, [...sites.values()], version, [...certificates.values()]) };
}

export async function writeRendering(config: NginxConfig, { text }: Rendering): Promise<void> {
  const file = join(config.dir, 'nginx.conf');
  if (text === undefined) await rm(file, { force: true });
  else await replaceFile(file, text, 0o644);
}

/**
 * Writes the file with the version. This must be the last write, after nginx has accepted the text and the records are
 * saved.
 */
export async function writeVersion(config: NginxConfig, version: string): Promise<void> {
  await replaceFile(join(config.dir, 'version'), `${version}\n`, 0o644);
  await syncFolder(config.dir);
}

/**
 * Creates the folders and the pages, and removes incomplete files that a crash left behind. The folders and pages are
 * readable for other users, because nginx's workers run as another user.
 */
export async function writePages(config: NginxConfig): Promise<void> {
  const folder = join(config.dir, 'pages');
  await makeFolder(config.dir, 0o755);
  await makeFolder(folder, 0o755);
  for (const written of [config.dir, folder]) await removeLeftovers(written);
  for (const [name, html] of Object.entries(renderPages())) {
    if ((await readIfThere(join(folder, name))) !== html) await replaceFile(join(folder, name), html, 0o644);
  }
  await syncFolder(folder);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
