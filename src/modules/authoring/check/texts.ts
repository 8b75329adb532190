/** The languages of a module must have the same texts, with the same values. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { isFields } from '../../../kernel/is-fields.js';
import type { Finding } from './lines.js';

const LANGUAGE_FILE = /^lang\/([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\.json$/;
const USED = /(?:^|[^\w.])(?:it\.|context\.|ctx\.)?t\(\s*(['"`])([A-Za-z0-9_.-]+)\1/gm;
const CODE = /\.(?:js|mjs|cjs|eta)$/;

type Texts = ReadonlyMap<string, string>;

export async function textFindings(root: string, files: readonly string[]): Promise<Finding[]> {
  const problems: string[] = [];
  const languages = new Map<string, Texts>();
  for (const file of files) {
    const [, language] = LANGUAGE_FILE.exec(file) ?? [];
    if (language === undefined) continue;
    try {
      languages.set(language, flat(JSON.parse(await readFile(join(root, file), 'utf8'))));
    } catch (error) {
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const english = languages.get('en');
  if (!english) problems.push('the folder does not contain lang/en.json');
  if (languages.size < 2) problems.push('there is no second language, such as lang/de.json');
  for (const [language, texts] of languages)
    problems.push(...comparedWith(english ?? new Map(), language, texts));
  for (const [key, file] of await usedKeys(root, files))
    if (english && !english.has(key))
      problems.push(`${file} uses the text "${key}", which lang/en.json lacks`);
  return problems.map((problem) => ({ line: 'texts', problem }));
}

function comparedWith(english: Texts, language: string, texts: Texts): string[] {
  const at = `lang/${language}.json`;
  const problems: string[] = [];
  for (const key of english.keys()) if (!texts.has(key)) problems.push(`${at} lacks "${key}"`);
  for (const [key, text] of texts) {
    if (!english.has(key)) {
      problems.push(`${at} has "${key}", which lang/en.json lacks`);
      continue;
    }
    try {
      const [own, expected] = [valuesIn(text, language), valuesIn(english.get(key) ?? '', 'en')];
      if (text.trim() === '') problems.push(`${at}: "${key}" is empty`);
      if (own.join() !== expected.join())
        problems.push(
          `${at}: "${key}" needs the values ${own.join(', ') || 'none'}, in English ${expected.join(', ') || 'none'}`,
        );
    } catch (error) {
      problems.push(
        `${at}: "${key}" is not a valid ICU message: ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
  return problems;
}

/** The names of the values that a text needs, in alphabetical order. */
function valuesIn(text: string, language: string): string[] {
  const names = new Set<string>();
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) {
      for (const one of part) walk(one);
      return;
    }
    if (!isFields(part)) return;
    // type 0 is plain text, and type 7 the number sign of a plural
    if (part['type'] !== 0 && part['type'] !== 7 && typeof part['value'] === 'string')
      names.add(part['value']);
    if (isFields(part['options']))
      for (const option of Object.values(part['options'])) walk(isFields(option) ? option['value'] : null);
    if (Array.isArray(part['children'])) walk(part['children']);
  };
  walk(new IntlMessageFormat(text, language.replaceAll('_', '-'), undefined, { ignoreTag: true }).getAst());
  return [...names].sort();
}

async function usedKeys(root: string, files: readonly string[]): Promise<Map<string, string>> {
  const used = new Map<string, string>();
  for (const file of files.filter((name) => CODE.test(name) && !name.startsWith('node_modules/')))
    for (const [, , key = ''] of (await readFile(join(root, file), 'utf8')).matchAll(USED))
      used.set(key, file);
  return used;
}

/** Texts in nested objects have keys such as `mail.subject`. */
function flat(value: unknown, key = ''): Map<string, string> {
  if (typeof value === 'string' && key !== '') return new Map([[key, value]]);
  if (!isFields(value)) throw new Error(`${key === '' ? 'the file' : key} is not a text`);
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...flat(inner, key === '' ? name : `${key}.${name}`)]),
  );
}
