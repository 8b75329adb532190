/** Reads the texts of a module, from `lang/<locale>.json` beside its `module.js`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';

const SUFFIX = '.json';

/** The texts of all languages by locale. Throws `module_failed` for a file that is no JSON. */
export function readLanguages(folder: string): Map<string, ReadonlyMap<string, string>> {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(SUFFIX)) : [];
  return new Map(files.map((file) => [file.slice(0, -SUFFIX.length), readTexts(folder, file)]));
}

/** The texts by key. Texts in nested objects have keys such as `mail.subject`. */
export function readTexts(folder: string, file: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const add = (value: unknown, key: string): void => {
    if (typeof value === 'string') texts.set(key, value);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [name, inner] of Object.entries(value)) add(inner, key === '' ? name : `${key}.${name}`);
    else throw unusable(`${file}: ${key === '' ? 'it' : key} is not a string`);
  };
  add(parsed(folder, file), '');
  return texts;
}

function parsed(folder: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } catch (error) {
    throw unusable(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function unusable(detail: string): AgentError {
  return new AgentError('module_failed', 'A text of the module cannot be used.', {
    retryable: false,
    detail,
  });
}
