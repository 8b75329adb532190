/**
 * The texts of a module, from `lang/<locale>.json` beside its `module.js`. Texts are ICU messages, such as `{n, plural,
 * one {# site} other {# sites}}`. The files are read when they are needed first, and only in the module's own thread or
 * process.
 */
import { readdirSync } from 'node:fs';
import { IntlMessageFormat } from 'intl-messageformat';
import { readTexts, unusable } from './lang-files.js';

export type TextValues = Readonly<Record<string, string | number | boolean | Date>>;

/** `locale`: the language of the text; default: the language of the service. */
export type Translate = (key: string, values?: TextValues, locale?: string) => string;

const FALLBACK = 'en';
const SUFFIX = '.json';

/** `folder`: the folder with the languages. `language`: BCP 47; null if it is not known. */
export function translator(folder: string, language: string | null): Translate {
  const files = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => [file.slice(0, -SUFFIX.length).toLowerCase(), file]),
  );
  const read = new Map<string, ReadonlyMap<string, string>>();
  const textsOf = (locale: string): ReadonlyMap<string, string> | undefined => {
    const file = files.get(locale.toLowerCase());
    if (file === undefined) return undefined;
    const texts = read.get(file) ?? readTexts(folder, file);
    read.set(file, texts);
    return texts;
  };
  const formats = new Map<string, IntlMessageFormat>();
  return (key, values = {}, locale = language ?? FALLBACK) => {
    for (const candidate of candidatesOf(locale)) {
      const text = textsOf(candidate)?.get(key);
      if (text !== undefined) return formatted(formats, { key, text, locale: candidate, values });
    }
    return key;
  };
}

/** `de-AT` -> `de-AT`, `de`, `en` */
function candidatesOf(locale: string): string[] {
  const parts = locale.replaceAll('_', '-').split('-');
  return [...parts.map((_, index) => parts.slice(0, parts.length - index).join('-')), FALLBACK];
}

interface Wanted {
  readonly key: string;
  readonly text: string;
  readonly locale: string;
  readonly values: TextValues;
}

function formatted(formats: Map<string, IntlMessageFormat>, { key, text, locale, values }: Wanted): string {
  try {
    // `<b>` is a part of the text, and not a tag for which a value is needed
    const format = formats.get(text) ?? new IntlMessageFormat(text, locale, undefined, { ignoreTag: true });
    formats.set(text, format);
    return String(format.format(values));
  } catch (error) {
    throw unusable(`${key} (${locale}): ${error instanceof Error ? error.message : String(error)}`);
  }
}
