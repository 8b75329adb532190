import t from 'tap';
import { Type } from 'typebox';
import { resolveUrlAlias } from '../../../src/http/server/url-aliases.js';
import { normalizePhpJson } from '../../../src/http/server/php-json-quirks.js';

const read = normalizePhpJson(
  Type.Object({
    id: Type.Union([Type.String(), Type.Integer()]),
    plan: Type.String(),
    sub: Type.Optional(Type.String()),
    size: Type.Optional(Type.Integer()),
    list: Type.Optional(Type.Array(Type.String())),
    either: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    more: Type.Optional(Type.Object({})),
    user: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    word: Type.Optional(Type.Enum(['a', 'b'])),
  }),
);

t.test('what PHP makes of a body is understood, and nothing else is changed', (t) => {
  const cases: [string, object, object][] = [
    ['nothing', { id: 1, plan: 'x' }, { id: 1, plan: 'x' }],
    ['an empty text that is optional', { plan: 'x', sub: '', size: '', list: '', word: '' }, { plan: 'x' }],
    ['blanks alone', { plan: 'x', sub: '  ' }, { plan: 'x' }],
    ['an empty text that is not optional stays, to be refused', { plan: '' }, { plan: '' }],
    [
      'blanks around',
      { id: ' 12 ', plan: ' Basic\n', either: ' a ' },
      { id: '12', plan: 'Basic', either: 'a' },
    ],
    ['null', { plan: 'x', sub: null, list: null }, { plan: 'x' }],
    ['null where it means something', { plan: 'x', user: null }, { plan: 'x', user: null }],
    [
      'a list with gaps',
      { plan: 'x', list: { 3: 'b', 1: 'a', 10: 'c' } },
      { plan: 'x', list: ['a', 'b', 'c'] },
    ],
    ['the same where a text may stand, too', { plan: 'x', either: { 1: 'a' } }, { plan: 'x', either: ['a'] }],
    [
      'an object that is no list',
      { plan: 'x', list: { 1: 'a', b: 'c' } },
      { plan: 'x', list: { 1: 'a', b: 'c' } },
    ],
    ['an empty object', { plan: 'x', more: [] }, { plan: 'x', more: {} }],
    ['an empty list', { plan: 'x', list: [] }, { plan: 'x', list: [] }],
    ['a number for a text', { plan: 5 }, { plan: '5' }],
    ['a number where one may stand', { id: 5, plan: 'x', size: 7 }, { id: 5, plan: 'x', size: 7 }],
    ['what is not known', { plan: 'x', other: ' y ' }, { plan: 'x', other: ' y ' }],
  ];
  for (const [name, sent, meant] of cases) t.same(read(sent), meant, name);
  t.same(read([]), {}, 'an empty body');
  for (const odd of [null, 'x', 5, [1], undefined]) t.same(read(odd), odd, 'left to be refused');
  const polluted = read(JSON.parse('{"__proto__": {"plan": "x"}, "plan": "y"}'));
  t.equal(Object.getPrototypeOf(polluted), Object.prototype);
  t.end();
});

t.test('a call may be written with several slashes, in the plural, and with any query', (t) => {
  const cases = {
    '/action/start': '/action/start',
    '/actions/start': '/action/start',
    '//action/start': '/action/start',
    '//actions//start': '/action/start',
    '/actions?a=//b': '/action?a=//b',
    '/status/?service_id=a//b': '/status/?service_id=a//b',
    '/actionsx': '/actionsx',
    '': '',
  };
  for (const [sent, meant] of Object.entries(cases)) t.equal(resolveUrlAlias(sent), meant, sent);
  t.end();
});
