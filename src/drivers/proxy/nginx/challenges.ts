/**
 * The responses to HTTP-01 challenges of a certificate authority. They are plain files that nginx serves on port 80
 * without a reload.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, replaceFile } from '../../shared/durable-file.js';
import { refused } from './record.js';
import type { NginxConfig } from './config.js';

const TOKEN = /^[A-Za-z0-9_-]{1,200}$/;
/**
 * A challenge is needed for about a minute. A file that is a day old was left behind by an agent that ended before it
 * removed the file.
 */
const LEFT_BEHIND_MS = 86_400_000;

export async function writeChallenge(config: NginxConfig, token: string, content: string): Promise<void> {
  const folder = join(config.dir, 'challenges');
  await makeFolder(folder, 0o755);
  // a failed cleanup does not prevent a certificate from being issued
  await removeLeftBehind(folder).catch(() => {});
  await replaceFile(join(folder, checked(token)), content, 0o644);
}

async function removeLeftBehind(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const written = TOKEN.test(name) ? await stat(file).catch(() => undefined) : undefined;
    if (written?.isFile() && Date.now() - written.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true });
  }
}

export async function removeChallenge(config: NginxConfig, token: string): Promise<void> {
  await rm(join(config.dir, 'challenges', checked(token)), { force: true });
}

function checked(token: string): string {
  if (!TOKEN.test(token)) throw refused(`not a token of a challenge: ${JSON.stringify(token)}`);
  return token;
}
