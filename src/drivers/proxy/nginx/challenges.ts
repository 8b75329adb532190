/**
 * The responses to HTTP-01 challenges of a certificate authority. They are plain files that nginx serves on port 80
 * without a reload.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../kernel/clock.js';
import { makeFolder, replaceFile } from '../../shared/durable-file.js';
import { refused } from './record.js';
import type { NginxConfig } from './config.js';

const TOKEN = /^[A-Za-z0-9_-]{1,200}$/;
/**
 * A challenge is needed for about a minute. If a file has not changed for an hour, the agent ended before it could
 * remove the file.
 */
const LEFT_BEHIND_MS = 3_600_000;

export interface Challenges {
  write(token: string, content: string): Promise<void>;
  remove(token: string): Promise<void>;
}

interface Sighting {
  /**
   * The modification time of the file. It is compared only with the modification time that the file has later. It is
   * never compared with the wall clock, which may have been wrong when the file was written, or may be wrong now.
   */
  readonly written: number;
  /** A time of the monotonic clock. */
  readonly since: number;
}

export function challenges(config: Pick<NginxConfig, 'dir'>, clock: Pick<Clock, 'monotonic'>): Challenges {
  const folder = join(config.dir, 'challenges');
  let sighted = new Map<string, Sighting>();

  /**
   * Each file is checked twice, an hour apart. Files that an agent left behind when it ended are therefore removed an
   * hour after the next start.
   */
  const removeLeftBehind = async (): Promise<void> => {
    const seen = new Map<string, Sighting>();
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const found = TOKEN.test(name) ? await stat(file).catch(() => undefined) : undefined;
      if (!found?.isFile()) continue;
      const before = sighted.get(name);
      const isSame = before?.written === found.mtimeMs;
      const since = isSame ? before.since : clock.monotonic();
      if (clock.monotonic() - since >= LEFT_BEHIND_MS) await rm(file, { force: true });
      else seen.set(name, { written: found.mtimeMs, since });
    }
    sighted = seen;
  };

  return {
    async write(token, content) {
      await makeFolder(folder, 0o755);
      // errors of the cleanup are ignored, because certificates can be issued without it
      await removeLeftBehind().catch(() => {});
      await replaceFile(join(folder, checked(token)), content, 0o644);
    },
    async remove(token) {
      await rm(join(folder, checked(token)), { force: true });
    },
  };
}

function checked(token: string): string {
  if (!TOKEN.test(token)) throw refused(`not a token of a challenge: ${JSON.stringify(token)}`);
  return token;
}
