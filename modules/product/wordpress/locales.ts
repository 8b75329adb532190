/** WordPress locales for language tags: `de` is `de_DE`, `ja` is `ja`, `zh-Hant` is `zh_TW`. */

/**
 * Returns the locales, beginning with the best match. The installation skips locales for which WordPress has no files.
 * If there are no files for a region, the site therefore gets the files for the main region of the language. `tag` is
 * a BCP 47 tag.
 */
export function wordpressLocales(tag: string): string[] {
  const { language, region } = new Intl.Locale(tag);
  const usual = new Intl.Locale(tag).maximize();
  const main = new Intl.Locale(language).maximize();
  const regions = [region, usual.region, main.script === usual.script ? main.region : undefined];
  const names = regions.flatMap((one) => (one === undefined ? [] : [`${language}_${one}`]));
  return [...new Set([...names, language])];
}
