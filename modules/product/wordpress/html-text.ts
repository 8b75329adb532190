/** Reads text from the HTML that WordPress writes: decodes entities, and finds the title of a page. */

/**
 * The maximum length of a title in the HTML text. An ordered title of 200 characters fits even if HTML writes each
 * character as an entity.
 */
const LONGEST_TITLE = 4_000;

/**
 * Returns the text of the page's first `<title>` in one line, or undefined if the page has no title. The search takes
 * time proportional to the length of the page.
 */
export function titleOf(page: string): string | undefined {
  const opening = /<title(?:[\s/][^<>]*)?>/i.exec(page);
  if (!opening) return undefined;
  const rest = page.slice(opening.index + opening[0].length);
  const end = /<\/title/i.exec(rest)?.index;
  if (end === undefined) return undefined;
  return decodeEntities(rest.slice(0, Math.min(end, LONGEST_TITLE)))
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * The named entities that can occur in a title. Names are case-sensitive. `apos` is not included because PHP treats
 * pages as HTML 4, which does not define it.
 */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
};

/**
 * Decodes each entity once. Text that WordPress does not treat as an entity stays unchanged. The function
 * `wp_kses_normalize_entities` in wp-includes/kses.php decides what is an entity, and converts every other ampersand
 * to `&amp;`.
 */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#[xX]0*([0-9A-Fa-f]{1,6})|#0*([0-9]{1,7})|([A-Za-z]+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return NAMED[name] ?? whole;
      if (/^&#[xX]?0;$/.test(whole)) return '';
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return isCharacter(point) ? String.fromCodePoint(point) : whole;
    },
  );
}

/** Implements `valid_unicode` of wp-includes/kses.php. */
function isCharacter(point: number): boolean {
  return (
    [0x9, 0xa, 0xd].includes(point) ||
    (point >= 0x20 && point <= 0xd7ff) ||
    (point >= 0xe000 && point <= 0xfffd) ||
    (point >= 0x1_0000 && point <= 0x10_ffff)
  );
}
