/**
 * The messages of a module for wrong values. A schema names them by keyword: `x-rules: {minLength: 'login.short'}`.
 * When the module is read, the texts of all its languages take the place of the key: `{minLength: {en: ..., de: ...}}`.
 */
import { isFields } from '../kernel/is-fields.js';

export const RULES = 'x-rules';

/** Maps the locale of a language to the texts by key. */
export type Languages = ReadonlyMap<string, ReadonlyMap<string, string>>;

const FALLBACK = 'en';

/** The value with texts in place of keys, also in nested schemas. Throws an Error for a key that no language has. */
export function withRuleTexts(value: unknown, languages: Languages): unknown {
  if (Array.isArray(value)) return value.map((item) => withRuleTexts(item, languages));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === RULES && isFields(inner) ? textsOf(inner, languages) : withRuleTexts(inner, languages),
    ]),
  );
}

function textsOf(rules: Record<string, unknown>, languages: Languages): unknown {
  const entries = Object.entries(rules).map(([keyword, key]) => {
    if (typeof key !== 'string') throw new Error(`its ${RULES}.${keyword} is not the key of a text`);
    const texts = [...languages].flatMap(([locale, all]) => {
      const text = all.get(key);
      return text === undefined ? [] : [[locale, text] as const];
    });
    if (texts.length === 0)
      throw new Error(`its ${RULES}.${keyword} names the text "${key}", which no language has`);
    return [keyword, Object.fromEntries(texts)] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The message for a value that violates this keyword of the schema, with values such as `{limit}` filled in. Undefined
 * if the schema has none.
 */
export function ruleText(
  schema: unknown,
  keyword: string,
  values: Readonly<Record<string, unknown>>,
  locale: string | null = null,
): string | undefined {
  const rules = isFields(schema) ? schema[RULES] : undefined;
  const texts = isFields(rules) && Object.hasOwn(rules, keyword) ? rules[keyword] : undefined;
  if (!isFields(texts)) return undefined;
  const known = [...candidatesOf(locale ?? FALLBACK), ...Object.keys(texts)].find((one) =>
    Object.hasOwn(texts, one),
  );
  const text = known === undefined ? undefined : texts[known];
  if (typeof text !== 'string') return undefined;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : place;
  });
}

/** `de-AT` -> `de-AT`, `de`, `en` */
function candidatesOf(locale: string): string[] {
  const parts = locale.split('-');
  return [...parts.map((_, index) => parts.slice(0, parts.length - index).join('-')), FALLBACK];
}
