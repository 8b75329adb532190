/**
 * What was ordered is what WordPress holds: titles and addresses, in the agent's rules and in the look-alike, against
 * what the real one does.
 */
import t from 'tap';
import { ownerEmail } from '../../modules/product/wordpress/email-address.js';
import { ownerEmailProblem } from '../../src/model/owner-email.js';
import { decodeEntities, titleOf } from '../../modules/product/wordpress/html-text.js';
import { showsTitle, siteTitle } from '../../modules/product/wordpress/site-title.js';
import { escHtml, frontTitle, sanitizeEmail, userEmail } from '../../src/sandbox/memory/wordpress-text.js';
import { fakeStep } from '../fakes/step-context.js';
import { ADDRESSES, TITLES } from '../fixtures/wordpress-texts.js';

const page = (title: string): string => `<html><head><title>${title}</title></head></html>`;

t.test(
  'a title that was ordered with or without entities is recognised on the page of the real WordPress',
  async (t) => {
    for (const [ordered, shown] of TITLES) {
      const found = titleOf(page(shown)) ?? '';
      t.ok(showsTitle(found, ordered), `${ordered}: ${found}`);
    }
    t.notOk(showsTitle('Tom & Jerry', 'Tom &amp;amp; Jerry'), 'an entity is decoded once, on both sides');
    t.notOk(showsTitle('Welcome to nginx!', 'Tom &amp; Jerry'));
  },
);

t.test('the look-alike shows titles as the real WordPress does', async (t) => {
  for (const [ordered, shown] of TITLES) t.equal(frontTitle(escHtml(ordered)), shown, ordered);
});

t.test('a title of nothing but blank entities is none', async (t) => {
  const titled = (title: string): string =>
    siteTitle(fakeStep({ settings: { title: '{subdomain}' }, properties: { title } }).context);
  for (const title of ['&nbsp;', '&#32;&#x20;', '&#9;', '&#0;']) t.equal(titled(title), 'alice', title);
  t.equal(titled('Tom &amp; Jerry'), 'Tom &amp; Jerry', 'any other is handed to WordPress as it was ordered');
});

t.test('an address is held unchanged or refused', async (t) => {
  const emailProblem = (address: string) => ownerEmailProblem(ownerEmail, 'WordPress', address);
  for (const [ordered, user, site] of ADDRESSES) {
    const isKept = user === ordered && site === ordered;
    t.equal(emailProblem(ordered) === undefined, isKept, ordered);
    t.same([userEmail(ordered), sanitizeEmail(ordered)], [user, site], `${ordered} in the look-alike`);
  }
  t.match(emailProblem('müller@example.com'), /must not have "ü" before the @/);
  t.match(emailProblem('a&b@example.com'), /must not have "&" before the @/);
  t.match(emailProblem(`${'a'.repeat(60)}@${'b'.repeat(37)}.com`), /not be longer than 100 characters/);
});

t.test('a title is read from the first whole element, case and attributes aside', async (t) => {
  t.equal(titleOf('<TITLE lang="de">\n A\t B </TITLE><title>C</title>'), 'A B');
  t.equal(titleOf('<titles>x</titles><title>y</title>'), 'y');
  t.equal(titleOf('<title>never closed'), undefined);
  t.equal(titleOf('<title <title>inner</title>'), 'inner');
  t.equal(titleOf(page('a'.repeat(100_000)))?.length, 4000, 'of a page that is all title, the beginning');
  t.equal(decodeEntities('&amp;lt; &#x41;&#00066; &#55296; &AMP;'), '&lt; AB &#55296; &AMP;');
});

t.test('a page of nothing but beginnings of titles is read to its end', async (t) => {
  // where the time grows with the square of the length this takes hours, and the file is ended by tap
  for (const part of ['<title', '<title ', '<title>', '<title></titl', '<title>&#', '<'])
    t.equal(titleOf(part.repeat(1_000_000 / part.length)), undefined, part);
});
