/** A customer's language, as BCP 47 writes it. */
import type { Service } from './service.js';

const LONGEST = 35;

/**
 * In its canonical form; undefined for what is no tag of a language. WordPress's `de_DE` and names such as `german`
 * are none.
 */
export function canonicalLocale(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    const locale = new Intl.Locale(text);
    // five letters and more are reserved, and no language has them
    return locale.language.length <= 3 && locale.language !== 'und' ? locale.toString() : undefined;
  } catch {
    return undefined;
  }
}

/** By panel's name. */
export type PanelLocales = Readonly<Record<string, { readonly locale: string | null }>>;

/** The order's, else the panel's; null: neither says. */
export function localeOf(
  { locale, panel }: Pick<Service, 'locale' | 'panel'>,
  panels: PanelLocales,
): string | null {
  return locale ?? (Object.hasOwn(panels, panel) ? panels[panel]?.locale : undefined) ?? null;
}
