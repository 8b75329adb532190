/** Reads a YAML file as plain values. Keys without a value are treated as absent. */
import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { isMapping } from './schema-walk.js';
import { whyUnreadable } from './why-unreadable.js';

/** The message of this error describes a problem with the file as a whole. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/** The content of the file. An empty file is read as an empty mapping. Throws UnreadableFileError. */
export async function readYaml(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UnreadableFileError(`found ${whyUnreadable(error)}, expected a readable YAML file`);
  }
  return parseYaml(text);
}

/** Throws UnreadableFileError. */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    // Only the beginning of the message is used, because the rest may quote secrets from the file.
    const what = error.message.split(/[:"]/, 1)[0] ?? '';
    throw new UnreadableFileError(
      `found ${error.code} at line ${line}, column ${col} (${what}), expected YAML`,
    );
  }
  try {
    return withoutEmpty(document.toJS() ?? {});
  } catch {
    throw new UnreadableFileError(
      'found an alias without an anchor, or one that expands too far, expected YAML',
    );
  }
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([name, item]) => [name, withoutEmpty(item)]));
}
