/** The messages of a module for wrong values: named by keys, and shown in the language of the request. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { dataCheck } from '../../src/model/data-check.js';
import { checkReadModule, type ReadModule } from '../../src/modules/discovery/answer.js';
import { declarationsOf } from '../../src/modules/discovery/declare.js';
import type { Module } from '../../src/modules/kit/module.js';
import { testFolder } from '../test-folder.js';

const LANG = {
  'en.json': JSON.stringify({
    login: { short: 'needs {limit} letters', missing: 'is needed', letters: 'may have letters only' },
    size: { large: 'is at most {limit}' },
  }),
  'de.json': JSON.stringify({ login: { short: 'braucht {limit} Buchstaben', missing: 'wird gebraucht' } }),
};
const LOGIN = {
  ...{ type: 'string', minLength: 3, pattern: '^[a-z]*$' },
  'x-rules': { minLength: 'login.short', required: 'login.missing', pattern: 'login.letters' },
};
const SIZE = { type: 'integer', maximum: 5, 'x-rules': { maximum: 'size.large' } };

function read(t: Test, also: object, settings: Record<string, number> = {}): ReadModule {
  const folder = testFolder(t, { lang: LANG });
  const run = (): object => ({});
  const module = {
    info: { type: 'product', name: 'shop', title: 'S', description: '', version: '1.0.0', author: 'x' },
    ...{ settings: { type: 'object' }, createJob: run, flow: run, policy: run, ...also },
  };
  const request = { type: 'product', name: 'shop', path: join(folder, 'module.js'), settings } as const;
  return checkReadModule(
    JSON.parse(JSON.stringify(declarationsOf(module as unknown as Module, request))) as unknown,
  );
}

t.test('a wrong value gets the message of its rule in the language of the request', async (t) => {
  const serviceData = { type: 'object', properties: { login: LOGIN, size: SIZE }, required: ['login'] };
  const check = dataCheck(read(t, { serviceData }).declared.serviceData ?? {});
  t.same(check({ login: 'ab', size: 9 }).problems, { login: 'needs 3 letters', size: 'is at most 5' });
  t.same(check({ login: 'ab' }, 'de-AT').problems, { login: 'braucht 3 Buchstaben' });
  t.same(check({}, 'de').problems, { login: 'wird gebraucht' });
  t.same(
    check({ login: 'ABC' }, 'de').problems,
    { login: 'may have letters only' },
    'English is the fallback',
  );
  t.same(check({ login: 'ab' }, 'fr').problems, { login: 'needs 3 letters' });
  t.same(check({ login: 'abc', size: 'x' }, 'de').problems, { size: 'must be integer' }, 'without a text');
});

t.test('settings too', async (t) => {
  const settings = { type: 'object', properties: { size: SIZE } };
  t.same(read(t, { settings }, { size: 9 }).problems, [
    { key: 'products.shop.size', problem: 'found 9, but it is at most 5' },
  ]);
});

t.test('a key that no language has is a mistake of the module', async (t) => {
  const wrong = (rules: object): object => ({
    productData: { type: 'object', properties: { size: { ...SIZE, 'x-rules': rules } } },
  });
  t.throws(() => read(t, wrong({ maximum: 'size.huge' })), {
    message: /its x-rules\.maximum names the text "size\.huge", which no language has/,
  });
  t.throws(() => read(t, wrong({ maximum: 7 })), { message: /x-rules\.maximum is not the key of a text/ });
});
