import t from 'tap';
import { canonicalLocale, localeOf } from '../../src/model/locale.js';

t.test('a language tag has one form, and at most 35 characters', async (t) => {
  for (const [text, tag] of [
    ['de', 'de'],
    ['PT-br', 'pt-BR'],
    ['gsw', 'gsw'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    [`en-x-${'abcdefg-'.repeat(3)}abcdef`, `en-x-${'abcdefg-'.repeat(3)}abcdef`],
    [`en-x-${'abcdefg-'.repeat(3)}abcdefg`, undefined],
    ['german', undefined],
    ['root', undefined],
    ['und', undefined],
    ['de_DE', undefined],
    ['', undefined],
  ] as const)
    t.equal(canonicalLocale(text), tag, text);
});

t.test("a service has its order's language, else its panel's, else none", async (t) => {
  const panels = { default: { locale: 'de' }, other: { locale: null } };
  t.equal(localeOf({ locale: 'fr', panel: 'default' }, panels), 'fr');
  t.equal(localeOf({ panel: 'default' }, panels), 'de');
  t.equal(localeOf({ panel: 'other' }, panels), null);
  t.equal(localeOf({ panel: 'toString' }, panels), null);
});
