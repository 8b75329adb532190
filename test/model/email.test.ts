import t from 'tap';
import { parseEmail } from '../../src/model/email.js';

t.test('an address is accepted up to the lengths that mail allows', async (t) => {
  const domain = `${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(60)}`;
  const of = (length: number): string => `${'a'.repeat(length - domain.length - 1)}@${domain}`;
  t.match(parseEmail(of(246)), { localPart: 'a'.repeat(63) });
  t.match(parseEmail(of(247)), { localPart: 'a'.repeat(64) }, '64 bytes before the @');
  t.equal(parseEmail(of(248)), undefined, '65 bytes before the @');
  t.equal(parseEmail(`${'ü'.repeat(33)}@example.org`), undefined, '66 bytes in 33 letters');
  const long = (length: number): string =>
    `${'a'.repeat(64)}@${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(length - 187)}`;
  t.match(parseEmail(long(249)), { localPart: 'a'.repeat(64) });
  t.equal(
    parseEmail(`${'a'.repeat(63)}@${'d'.repeat(62)}.${'e'.repeat(62)}.${'f'.repeat(62)}.de`),
    undefined,
    '255 characters',
  );
  t.match(
    parseEmail(`${'a'.repeat(62)}@${'d'.repeat(62)}.${'e'.repeat(62)}.${'f'.repeat(62)}.de`),
    {},
    '254 characters',
  );
});

t.test('a local part may have one letter, and must not be missing', async (t) => {
  t.same(parseEmail('a@example.org'), { localPart: 'a', domain: 'example.org', address: 'a@example.org' });
  for (const none of [
    '@example.org',
    'example.org',
    '',
    '@',
    'a@',
    'a@ example.org',
    'a@example.org ',
    'a..b@example.org',
  ])
    t.equal(parseEmail(none), undefined, JSON.stringify(none));
});
