/** WordPress locales for language tags: `de` is `de_DE`, `ja` is `ja`, `zh-Hant` is `zh_TW`. */

/**
 * The best match first. The installation skips locales for which WordPress has no files: a region without files gets
 * those of its language's main region. `tag`: BCP 47.
 */
export function wordpressLocales(tag: string): string[] {
  const { language, region } = new Intl.Locale(tag);
  const usual = new Intl.Locale(tag).maximize();
  const main = new Intl.Locale(language).maximize();
  const regions = [region, usual.region, main.script === usual.script ? main.region : undefined];
  const names = regions.flatMap((one) => (one === undefined ? [] : [`${language}_${one}`]));
  return [...new Set([...names, language])];
}
