/** The customer's language: of the order, of the panel, or changed later. */
import t from 'tap';
import { canonicalLocale } from '../../src/model/locale.js';
import { wordpressLocales } from '../../modules/product/wordpress/locales.js';
import { makeRig, ORDER } from '../http/harness.js';

t.test('a language is kept with the order, in its canonical form, and shown', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const shown = async (id: string, token?: string) =>
    (await rig.call('GET', `/services/${id}`, undefined, token)).body['locale'];
  t.equal((await rig.call('POST', '/create-site', { ...ORDER, locale: ' de-at ' })).status, 202);
  t.equal(await shown('12345'), 'de-AT');
  for (const locale of ['german', 'de_DE', 'x', 'de-', '123', 'a'.repeat(40)])
    t.match(
      await rig.call('POST', '/create-site', { ...ORDER, service_id: 2, locale }),
      { status: 400, body: { errors: { locale: 'must be a language tag such as de or pt-BR' } } },
      locale,
    );
  t.equal((await rig.call('POST', '/create-site', { ...ORDER, service_id: 2, locale: '' })).status, 202);
  t.equal(await shown('2'), null, 'neither order nor panel says');
  await rig.call('POST', '/create-site', { ...ORDER, service_id: 3 }, rig.tokens.staging);
  t.equal(await shown('3', rig.tokens.staging), 'fr', 'the panel’s');
});

t.test('it is changed for itself, and beside the owner', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', { ...ORDER, locale: 'de' });
  const change = (body: object) => rig.call('PATCH', '/services/12345', body);
  t.match(await change({ locale: 'pt-br' }), { status: 200, body: { job_id: null, locale: 'pt-BR' } });
  const writes = rig.writes();
  t.match(await change({ locale: 'pt-BR' }), { status: 200 });
  t.equal(rig.writes(), writes, 'no write without a change');
  t.match(await change({ locale: 'brasilian' }), {
    status: 400,
    body: { errors: { locale: /language tag/ } },
  });
  t.match(await change({ locale: 'it', email: 'new@example.com' }), { status: 202 });
  t.match(await rig.state.services.get('default/12345'), { locale: 'it', email: 'new@example.com' });
  t.match(await change({ locale: null }), { status: 200, body: { locale: null } });
  t.notOk('locale' in (await rig.state.services.get('default/12345')));
});

t.test('a tag is read as BCP 47 says, and WordPress gets the names that it knows', (t) => {
  t.same(['de', 'PT-br', 'zh-hant-tw', 'sr-Latn', 'und', 'de_DE'].map(canonicalLocale), [
    ...['de', 'pt-BR', 'zh-Hant-TW', 'sr-Latn'],
    ...[undefined, undefined],
  ]);
  t.same(wordpressLocales('de'), ['de_DE', 'de']);
  t.same(wordpressLocales('de-AT'), ['de_AT', 'de_DE', 'de']);
  t.same(wordpressLocales('ja'), ['ja_JP', 'ja']);
  t.same(wordpressLocales('zh-Hant'), ['zh_TW', 'zh'], 'not the other script');
  t.same(wordpressLocales('en')[0], 'en_US');
  t.end();
});
