/** TXT data in master-file form: what is read, what is refused, and that nothing changes on the way there and back. */
import { randomBytes, randomInt } from 'node:crypto';
import t from 'tap';
import { canonicalText, readText, showText, writeStrings } from '../../src/model/master-file-text.js';

const joined = (text: string): string => Buffer.concat(readText(text)).toString('utf8');

t.test('what is read', async (t) => {
  for (const [what, text, data] of [
    ['plain text with its blanks and semicolons', 'v=DMARC1; p=none; rua=mailto:a@b.example', undefined],
    ['plain text of one word', 'v=spf1', undefined],
    ['a trailing line end', 'v=spf1 -all\r\n', 'v=spf1 -all'],
    ['blanks around', '  v=spf1 -all \t', 'v=spf1 -all'],
    ['an escaped blank at the end', 'a\\ ', 'a '],
    ['an escaped semicolon', 'v=DMARC1\\; p=none', 'v=DMARC1; p=none'],
    ['escapes by number', '\\195\\188ber \\065', 'über A'],
    ['an escaped backslash before digits', 'a\\\\065', 'a\\065'],
    ['letters beyond ASCII', 'grüße \u{1F44B}', undefined],
    ['one string', '"v=spf1 -all"', 'v=spf1 -all'],
    ['a string with a line end behind it', '"v=spf1 -all"\n\n', 'v=spf1 -all'],
    ['two strings', '"v=spf1 " "-all"', 'v=spf1 -all'],
    ['two strings without a blank between them', '"v=spf1 ""-all"', 'v=spf1 -all'],
    ['quotes and backslashes in strings', '"a \\"b\\" \\\\ \\034"', 'a "b" \\ "'],
    ['a semicolon in a string', '"v=DMARC1; p=none" ; the policy', 'v=DMARC1; p=none'],
    ['an empty string', '""', ''],
    ['an empty comment', '( "a" ;\n"b" )', 'ab'],
    ['strings in several lines', '( "a"\n\t"b" ; more\r\n  "c" )', 'abc'],
    [
      "what opendkim-genkey prints behind the record's type",
      '( "v=DKIM1; h=sha256; k=rsa; "\n\t  "p=MIIBIjANBgkq"\n\t  "hkiG9w0B" )  ; ----- DKIM key s1 for a.example\n',
      'v=DKIM1; h=sha256; k=rsa; p=MIIBIjANBgkqhkiG9w0B',
    ],
    ['a parenthesis inside plain text', 'a (b)', undefined],
  ] as const)
    t.equal(joined(text), data ?? text, what);
});

t.test('strings are at most 255 bytes long, however they were written', async (t) => {
  const long = 'x'.repeat(600);
  for (const text of [long, `"${long}"`, `"${'x'.repeat(255)}" "${'x'.repeat(345)}"`])
    t.same(
      readText(text).map(({ length }) => length),
      [255, 255, 90],
      text.slice(0, 3),
    );
  t.same(readText('"a" "b"').map(String), ['a', 'b'], 'shorter ones stay as they are');
});

t.test('what cannot be read is refused, with what is wrong and where', async (t) => {
  for (const [text, words] of [
    ['', 'the text is empty'],
    [' \n', 'the text is empty'],
    ['v=DMARC1; p="none"', 'unquoted text contains a quotation mark; write \\" (character 13)'],
    ['s1._domainkey IN TXT ( "v=DKIM1" )', /^unquoted text contains a quotation mark; .* \(character 24\)$/],
    ['"v=spf1', 'a quotation mark is not closed (character 1)'],
    ['"v=spf1" -all', 'a quotation mark is expected (character 10)'],
    ['( v=spf1 )', 'a quotation mark is expected (character 3)'],
    ['( "a"', 'a parenthesis is not closed (character 1)'],
    ['"a" )', 'a closing parenthesis has no matching opening parenthesis (character 5)'],
    ['( ( "a" ) )', 'a second parenthesis is opened (character 3)'],
    ['( ; nothing\n)', 'there is no quoted string'],
    ['"a"\n"b"', /^text continues on another line; .* \(character 5\)$/],
    ['"a\nb"', 'a quoted string contains a line break (character 3)'],
    ['two\nlines', /^the text contains an unquoted line break; .* \(character 4\)$/],
    ['a\\', 'the text ends after a backslash (character 2)'],
    ['"a\\', 'the text ends after a backslash (character 3)'],
    ['a\\25', /^a backslash and a digit must start a number from 000 to 255 \(character 2\)$/],
    ['a\\256', /must start a number from 000 to 255/],
    ['a\tb', 'a control character must be written as \\DDD (character 2)'],
    ['"a\u0000"', /a control character/],
    ['a\\\n', /a control character/],
    ['a\ud800', /a control character/],
  ] as const)
    t.throws(() => readText(text), { message: words }, JSON.stringify(text));
});

t.test('what people read is plain where that says the same', async (t) => {
  for (const [text, shown] of [
    ['"v=spf1 " "-all"', 'v=spf1 -all'],
    ['v=DMARC1\\; p=none', 'v=DMARC1; p=none'],
    ['\\195\\188', 'ü'],
    ['"a \\"b\\""', '"a \\"b\\""'],
    ['a\\\\b', '"a\\\\b"'],
    ['" a"', '" a"'],
    ['"a "', '"a "'],
    ['"(a)"', '"(a)"'],
    ['""', '""'],
    ['\\255', '"\\255"'],
    ['\\009\\000', '"\\009\\000"'],
    [`"${'ü'.repeat(127)}\\009"`, `"${'\\195\\188'.repeat(127)}\\009"`],
  ] as const)
    t.equal(canonicalText(text), shown, text.slice(0, 20));
  t.equal(writeStrings(readText('grün "'.replace(' "', ''))), '"gr\\195\\188n"', 'servers get ASCII');
});

t.test('whatever bytes: read again they are what was written, in both forms', async (t) => {
  const alphabet = [
    '"',
    '\\',
    ';',
    '(',
    ')',
    ' ',
    '\t',
    '\n',
    '\r',
    '0',
    '65',
    'a',
    'ü',
    '\u{1F44B}',
    '\u00a0',
  ];
  for (let n = 0; n < 3000; n += 1) {
    const words = Array.from({ length: randomInt(12) }, () => alphabet[randomInt(alphabet.length)] ?? '');
    const data = n % 3 === 0 ? randomBytes(randomInt(700)) : Buffer.from(words.join(''));
    const strings = [data.subarray(0, 255), data.subarray(255, 510), data.subarray(510)].filter(
      ({ length }, at) => at === 0 || length > 0,
    );
    for (const written of [showText(strings), writeStrings(strings)])
      if (!Buffer.concat(readText(written)).equals(data))
        return t.fail(`${JSON.stringify(written)} is not ${data.toString('hex')}`);
    if (canonicalText(showText(strings)) !== showText(strings)) return t.fail(showText(strings));
  }
  t.pass();
});

t.test('whatever text: it is refused, or read the same in its canonical form', async (t) => {
  const alphabet = ['"', '\\', ';', '(', ')', ' ', '\n', '\r', 'a', '1', '\\065', '" "', '""'];
  for (let n = 0; n < 3000; n += 1) {
    const text = Array.from({ length: randomInt(10) }, () => alphabet[randomInt(alphabet.length)] ?? '').join(
      '',
    );
    let data: Buffer;
    try {
      data = Buffer.concat(readText(text));
    } catch {
      continue;
    }
    if (!Buffer.concat(readText(canonicalText(text))).equals(data)) return t.fail(JSON.stringify(text));
  }
  t.pass();
});
