/** What a site is called, and whether a page bears that title although WordPress dresses it up. */
import type { StepContext } from '../../../src/modules/context.js';
import { textSetting } from '../../../src/modules/read-settings.js';

const LONGEST = 200;

/** The order's own title (`properties.title`), else the configured one with the names filled in; one line without control characters. */
export function siteTitle(context: Pick<StepContext, 'service' | 'settings'>): string {
  const { service, settings } = context;
  const wished = service.properties['title'];
  const pattern = typeof wished === 'string' && plain(wished) !== '' ? wished : undefined;
  const text =
    pattern ??
    textSetting(settings, 'title')
      .replaceAll('{subdomain}', service.subdomain)
      .replaceAll('{fqdn}', service.fqdn);
  return plain(text) || service.subdomain;
}

function plain(text: string): string {
  const oneLine = text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
  return Array.from(oneLine).slice(0, LONGEST).join('').trim();
}

/** The text of the page's `<title>`, or undefined when it has none. */
export function titleOf(page: string): string | undefined {
  const found = /<title[^>]*>([\s\S]*?)<\/title>/i.exec(page)?.[1];
  return found === undefined ? undefined : decode(found).replace(/\s+/g, ' ').trim();
}

/** True when `shown` holds `title`. WordPress turns quotes, dashes and the like into typographic ones, so only letters and digits are compared. */
export function bearsTitle(shown: string, title: string): boolean {
  const wanted = letters(title);
  return wanted === '' ? shown !== '' : letters(shown).includes(wanted);
}

function letters(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll('×', 'x')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '');
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

function decode(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (whole, hex?: string, dec?: string, name?: string) => {
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
      const point = hex === undefined ? Number(dec) : Number.parseInt(hex, 16);
      return point <= 0x10_ff_ff ? String.fromCodePoint(point) : whole;
    },
  );
}
