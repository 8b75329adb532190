/**
 * Implements how WordPress changes the title and the e-mail addresses from an order when it stores them in its
 * database, and when it shows them on a page. test/e2e/delivered.real.test.ts compares this implementation with the
 * real WordPress. Sources: wp-includes/formatting.php, kses.php and default-filters.php.
 */
import { ENTITY_NAMES } from './entity-names.js';

/**
 * Implements `esc_html`. Existing entities are not encoded again. Text that only looks like an entity is encoded. The
 * database contains the title of a site in this form.
 */
export function escHtml(text: string): string {
  return normalizeEntities(text)
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#039;');
}

function normalizeEntities(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replace(/&amp;#[xX]?0;/g, '')
    .replace(/&amp;([A-Za-z]{2,8}[0-9]{0,2});/g, (whole, name: string) =>
      ENTITY_NAMES.has(name) ? `&${name};` : whole,
    )
    .replace(/&amp;#(0*[0-9]{1,7});/g, (whole, digits: string) =>
      isValid(Number(digits)) ? `&#${digits.replace(/^0+/, '').padStart(3, '0')};` : whole,
    )
    .replace(/&amp;#[Xx](0*[0-9A-Fa-f]{1,6});/g, (_whole, digits: string) =>
      isValid(Number.parseInt(digits, 16)) ? `&#x${digits.replace(/^0+/, '')};` : `&amp;#x${digits};`,
    );
}

function isValid(point: number): boolean {
  if (point < 0x20) return [0x9, 0xa, 0xd].includes(point);
  return (point <= 0xd7ff || point >= 0xe000) && point <= 0x10_ff_ff && ![0xfffe, 0xffff].includes(point);
}

/**
 * Converts a title from the database to the form on a page, for example with typographic dashes. Quotation marks are
 * already entities and stay unchanged.
 */
export function displayed(stored: string): string {
  const dressed = stored
    .replaceAll('...', '&#8230;')
    .replaceAll(' (tm)', ' &#8482;')
    .replaceAll('---', '&#8212;')
    .replace(/(?<=^|\s)--(?=$|\s)/g, '&#8212;')
    .replace(/(?<!xn)--/g, '&#8211;')
    .replace(/(?<=^|\s)-(?=$|\s)/g, '&#8211;')
    .replace(/\b(\d[\d.,]*)x(\d[\d.,]*)\b/g, (whole, before: string, after: string) =>
      before === '0' ? whole : `${before}&#215;${after}`,
    );
  return escHtml(dressed);
}

/**
 * Returns the `<title>` of the front page of a site without a tagline. PHP treats `0` as empty, so WordPress omits
 * such a title.
 */
export function frontTitle(stored: string): string {
  const shown = displayed(stored);
  return shown === '0' ? '' : displayed(shown).replace(/([ (])Wordpress/g, '$1WordPress');
}

/** Implements `sanitize_email`, which removes forbidden characters without an error. */
export function sanitizeEmail(address: string): string {
  const at = address.indexOf('@', 1);
  if (address.length < 6 || at < 0) return '';
  const localPart = address.slice(0, at).replace(/[^a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]/g, '');
  const labels = address
    .slice(at + 1)
    .replace(/\.{2,}/g, '')
    .split('.')
    .map((label) => label.replace(/[^a-zA-Z0-9-]/g, '').replace(/^-+|-+$/g, ''))
    .filter((label) => label !== '');
  return localPart === '' || labels.length < 2 ? '' : `${localPart}@${labels.join('.')}`;
}

/**
 * Returns the e-mail address of a user, in which an `&` becomes an entity. Returns undefined if WordPress creates no
 * user because nothing is left of the address, or because the address is too long for the column.
 */
export function userEmail(address: string): string | undefined {
  const kept = sanitizeEmail(address).replaceAll('&', '&amp;');
  return kept === '' || kept.length > 100 ? undefined : kept;
}
