/**
 * `clock.json` in the state folder: the last trusted time. The file describes this machine, so exports do not contain
 * it.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Type } from 'typebox';
import { lazyCheck } from '../kernel/lazy-check.js';
import type { TimeMark } from '../model/clock-doubt.js';
import { removeLeftovers, replaceFile, syncFolder } from '../drivers/shared/durable-file.js';

const check = lazyCheck(
  Type.Object({
    schema: Type.Literal(1),
    wall: Type.Number({ minimum: 0 }),
    uptime: Type.Number({ minimum: 0 }),
    boot_id: Type.String(),
  }),
);

export function markFile(stateDir: string): string {
  return join(stateDir, 'clock.json');
}

/** Undefined if there is no usable mark. In that case, the records provide a lower bound for the time. */
export async function readMark(file: string): Promise<TimeMark | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return check.Check(value) ? { wall: value.wall, uptime: value.uptime, bootId: value.boot_id } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The mark is durable when the promise resolves. Removes the leftovers of an interrupted write. Throws the system's
 * error.
 */
export async function writeMark(file: string, { wall, uptime, bootId }: TimeMark): Promise<void> {
  await removeLeftovers(dirname(file), basename(file));
  await replaceFile(file, `${JSON.stringify({ schema: 1, wall, uptime, boot_id: bootId })}\n`, 0o600);
  await syncFolder(dirname(file));
}
