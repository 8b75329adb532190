/** A customer's language as a BCP 47 tag. */
import type { Service } from './service.js';

const LONGEST = 35;

/**
 * The tag in canonical form; undefined when the text is not a language tag, such as WordPress's `de_DE` or `german`.
 */
export function canonicalLocale(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    const locale = new Intl.Locale(text);
    // language subtags of five or more letters are reserved and not assigned
    return locale.language.length <= 3 && locale.language !== 'und' ? locale.toString() : undefined;
  } catch {
    return undefined;
  }
}

/** Maps the name of a panel to the panel's language. */
export type PanelLocales = Readonly<Record<string, { readonly locale: string | null }>>;

/** The language of the order, else of the panel; null if neither has one. */
export function localeOf(
  { locale, panel }: Pick<Service, 'locale' | 'panel'>,
  panels: PanelLocales,
): string | null {
  return locale ?? (Object.hasOwn(panels, panel) ? panels[panel]?.locale : undefined) ?? null;
}
