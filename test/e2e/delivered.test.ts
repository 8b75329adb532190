/**
 * What was ordered is what is delivered, in a panel's own spelling; what a site would change is refused before it is
 * paid for.
 */
import t from 'tap';
import { TITLES } from '../fixtures/wordpress-texts.js';
import { openHouse, order } from './harness.js';

t.test('titles and addresses', async (t) => {
  const house = await openHouse(t);
  const ordered = ['Tom &amp; Jerry', '<b>Bold</b>'];

  await t.test('a site is delivered with the title that a panel escaped, or did not', async (t) => {
    await Promise.all(ordered.map((title, n) => house.make(`site${n}`, { properties: { title } })));
    for (const [n, title] of ordered.entries()) {
      const { body } = await house.visitor(`site${n}.sandbox.test`).open('/');
      const shown = TITLES.find(([one]) => one === title)?.[1] ?? '?';
      t.match(body, `<title>${shown}</title>`, title);
    }
  });

  await t.test('a site is made in the language of the order', async (t) => {
    await house.make('de', { locale: 'de-DE' });
    t.match((await house.get('/services/de')).body, { locale: 'de-DE' });
    t.match((await house.visitor('de.sandbox.test').open('/')).body, '<html lang="de-DE">');
    t.match((await house.visitor('site0.sandbox.test').open('/')).body, '<html lang="en-US">', 'the default');
  });

  await t.test('a log-in link lets its holder in, once', async (t) => {
    const made = await house.post('/services/site0/login-link', {});
    t.match(made, { status: 200, body: { url: /^https:\/\/site0\.sandbox\.test\/[^ ]+$/ } });
    const { pathname, search } = new URL(String(made.body['url']));
    const wrong = await house.visitor('site0.sandbox.test').open(`${pathname}?token=0`);
    t.equal(wrong.status, 404, 'not by its address alone');
    const visitor = house.visitor('site0.sandbox.test');
    t.match(await visitor.open(pathname + search), { status: 302, location: /\/wp-admin\/$/ });
    t.match(await visitor.open('/wp-admin/'), { status: 200 });
    const second = house.visitor('site0.sandbox.test');
    t.equal((await second.open(pathname + search)).status, 404, 'it has been used');
    t.not((await second.open('/wp-admin/')).status, 200);
  });

  await t.test('an address that WordPress would change is refused with its field', async (t) => {
    const email = 'müller@example.com';
    const refused = { status: 400, body: { code: 'invalid_request', errors: { email: /"ü" before the @/ } } };
    t.match(await house.post('/create-site', order('mueller', { email })), refused);
    t.equal((await house.get('/services/mueller')).status, 404, 'nothing is on record');
    t.match(await house.call('PATCH', '/services/site0', { email }), refused);
    t.match((await house.get('/services/site0')).body, { email: 'site0@example.com' }, 'and the owner stays');
    const changed = await house.call('PATCH', '/services/site0', { email: ' bea@Example.com ' });
    t.match(changed, { status: 200, body: { email: 'bea@example.com' } });
  });
});
