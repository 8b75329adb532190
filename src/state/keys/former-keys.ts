/**
 * Former state keys. Former keys are kept in `secret.key.former` next to `secret.key`, or in the configuration, as long
 * as some documents may be encrypted with them. A rotation writes `secret.key.former` first and removes it last, so
 * that every document stays readable after a crash at any point.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import { decodeKey } from '../../kernel/key-text.js';
import type { Disk } from '../files/disk.js';
import { codeOf } from '../files/file-system.js';

export const KEY_FILE = 'secret.key';
export const FORMER_FILE = 'secret.key.former';

/** Loads the former keys, each 32 bytes long. Throws AgentError `state_unavailable`. */
export async function loadFormerKeys(config: {
  readonly state_key_former: Config['state_key_former'];
  readonly agent: Pick<Config['agent'], 'state_dir'>;
}): Promise<Buffer[]> {
  const configured = config.state_key_former?.reveal();
  const path = join(config.agent.state_dir, FORMER_FILE);
  return [
    ...(configured === undefined ? [] : keysIn(configured, 'the configured state_key_former')),
    ...keysIn(await textOf(path), path),
  ];
}

/** Whether a rotation of the agent's own key file was started and not finished. */
export async function isRotating(dir: string): Promise<boolean> {
  return (await textOf(join(dir, FORMER_FILE))) !== '';
}

export async function writeFormerKeys(disk: Disk, dir: string, keys: readonly Buffer[]): Promise<void> {
  await disk.replace(join(dir, FORMER_FILE), keys.map((key) => `${key.toString('base64')}\n`).join(''));
}

export async function removeFormerKeys(disk: Disk, dir: string): Promise<void> {
  await disk.remove(join(dir, FORMER_FILE));
}

async function textOf(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0)
      throw refusal(path, `its mode is ${(mode & 0o777).toString(8)}, expected 600: others can read it`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error instanceof AgentError ? error : refusal(path, String(error));
  }
}

function keysIn(text: string, what: string): Buffer[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const key = decodeKey(line);
      if (!key) throw refusal(what, 'expected 32 bytes in base64 or hex on each line');
      return key;
    });
}

function refusal(what: string, problem: string): AgentError {
  return new AgentError('state_unavailable', 'A former state key cannot be used.', {
    role: 'agent',
    retryable: false,
    detail: `${what}: ${problem}`,
  });
}
