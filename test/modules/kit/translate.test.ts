/** Texts and templates of modules. */
import t from 'tap';
import { renderer } from '../../../src/modules/kit/render-view.js';
import { translator } from '../../../src/modules/kit/translate.js';
import { testFolder } from '../../test-folder.js';

const LANG = {
  'en.json': JSON.stringify({
    hello: 'Hello {name}',
    sites: '{n, plural, =0 {no sites} one {# site} other {# sites}}',
    mail: { subject: 'Your <b>site</b>' },
    only: 'English only',
  }),
  'de.json': JSON.stringify({ hello: 'Hallo {name}', sites: '{n, plural, one {# Seite} other {# Seiten}}' }),
  'pl.json': JSON.stringify({
    sites: '{n, plural, one {# strona} few {# strony} many {# stron} other {# strony}}',
  }),
  'de-AT.json': JSON.stringify({ hello: 'Servus {name}' }),
};

t.test('a text is in the language of the service, with the plural of that language', (t) => {
  const folder = testFolder(t, LANG);
  const german = translator(folder, 'de-AT');
  t.equal(german('hello', { name: 'Anna' }), 'Servus Anna');
  t.equal(german('sites', { n: 1 }), '1 Seite', 'from `de`');
  t.equal(german('mail.subject'), 'Your <b>site</b>', 'from `en`');
  t.equal(german('nothing'), 'nothing');
  t.equal(german('hello', { name: 'Anna' }, 'de'), 'Hallo Anna');
  const polish = translator(folder, 'pl');
  t.same(
    [1, 3, 5, 22].map((n) => polish('sites', { n })),
    ['1 strona', '3 strony', '5 stron', '22 strony'],
  );
  t.equal(translator(folder, null)('sites', { n: 0 }), 'no sites');
  t.equal(translator(folder, 'de_at')('hello', { name: 'x' }), 'Servus x', 'as other programs write it');
  t.equal(translator(folder, '../../etc/passwd')('only'), 'English only');
  t.equal(german('hello', { name: '{n, plural,' }), 'Servus {n, plural,', 'a value is not a message');
  t.end();
});

t.test('a text that cannot be used says which', (t) => {
  const folder = testFolder(t, {
    'en.json': JSON.stringify({ hello: 'Hello {name}', broken: '{n, plural, ', list: { a: [1] } }),
    'de.json': '{"hello": ',
  });
  const text =
    (key: string, locale = 'en') =>
    (): string =>
      translator(folder, locale)(key);
  t.throws(text('hello', 'de'), { code: 'module_failed', detail: /de\.json/ });
  t.throws(text('hello'), { code: 'module_failed', detail: /list\.a is not a string/ });
  t.end();
});

t.test('a value that is missing and a message that is broken are named', (t) => {
  const sound = testFolder(t, {
    'en.json': JSON.stringify({ hello: 'Hello {name}', broken: '{n, plural, ' }),
  });
  t.throws(() => translator(sound, 'en')('hello'), { code: 'module_failed', detail: /hello \(en\).*name/ });
  t.throws(() => translator(sound, 'en')('broken'), { code: 'module_failed', detail: /broken/ });
  t.end();
});

t.test('a template is rendered with escaped values, the texts, and other templates', async (t) => {
  const folder = testFolder(t, {
    'page.eta':
      '<h1><%= it.t("hello") %></h1><p><%= it.name %></p><%~ include("/part/foot", { year: 2026 }) %>',
    part: { 'foot.eta': '<i><%= it.year %></i>' },
    'bad.eta': '<%= it.nothing.more %>',
    'long.eta': '<%= "x".repeat(2_000_000) %>',
  });
  const view = renderer(folder, { t: (key: string) => `text ${key}` });
  t.equal(
    await view('page', { name: '<script>alert("1")</script>' }),
    '<h1>text hello</h1><p>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</p><i>2026</i>',
  );
  t.equal(await view('part/foot', { year: 1 }), '<i>1</i>');
  await t.rejects(view('bad'), { code: 'module_failed', detail: /bad: .*more/s });
  await t.rejects(view('long'), { code: 'module_failed', detail: /more than/ });
  for (const name of ['../secret', '/etc/passwd', 'a/../b', '', 'page.eta', 'none'])
    await t.rejects(view(name), { code: 'module_failed' }, name);
});
