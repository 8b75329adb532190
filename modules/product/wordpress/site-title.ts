/**
 * Determines the title of a site. Checks whether a page shows this title, although WordPress changes its typography.
 */
import type { StepContext } from '../../../src/modules/kit/context.js';
import { siteOf } from '../../../src/modules/kit/parts.js';
import { textSetting } from '../../../src/modules/kit/read-settings.js';
import { decodeEntities } from './html-text.js';

const LONGEST = 200;

/**
 * Returns the title from the order (`properties.title`), or else the configured title with its placeholders replaced
 * by names. The title is one line without control characters. Entities stay unchanged, because many panels escape
 * titles, and WordPress shows `Tom &amp; Jerry` as `Tom & Jerry`.
 */
export function siteTitle(context: Pick<StepContext, 'service' | 'settings'>): string {
  const { service, settings } = context;
  const { subdomain, fqdn } = siteOf(service);
  const ordered = service.properties['title'];
  const pattern = typeof ordered === 'string' && plain(decodeEntities(ordered)) !== '' ? ordered : undefined;
  const text =
    pattern ?? textSetting(settings, 'title').replaceAll('{subdomain}', subdomain).replaceAll('{fqdn}', fqdn);
  return plain(text) || subdomain;
}

function plain(text: string): string {
  const oneLine = text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
  return Array.from(oneLine).slice(0, LONGEST).join('').trim();
}

/**
 * Returns whether `shown` (decoded, see titleOf) contains `title` (as ordered). Only letters and digits are compared,
 * because WordPress converts quotation marks, dashes and similar characters to typographic ones. PHP treats the title
 * `0` as empty, and WordPress then shows no title.
 */
export function showsTitle(shown: string, title: string): boolean {
  if (title === '0') return true;
  const expected = letters(decodeEntities(title));
  return expected === '' ? shown !== '' : letters(shown).includes(expected);
}

function letters(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll('×', 'x')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '');
}
