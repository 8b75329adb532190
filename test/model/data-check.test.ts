import t from 'tap';
import { Type } from 'typebox';
import { dataCheck } from '../../src/model/data-check.js';
import { schemaProblem, secretFields } from '../../src/model/data-schema.js';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2, transform: ['trim', 'toLowerCase'] },
    quota_gb: { type: 'integer', minimum: 1, default: 10 },
    tier: { type: 'string', enum: ['small', 'large'], default: 'small' },
    code: { type: 'string', pattern: '^[a-z]+$', 'x-rule': 'must be letters only' },
    tags: { type: 'array', items: { type: 'string', transform: ['toUpperCase'] } },
    limits: { type: 'object', properties: { users: { type: 'integer', default: 3 } }, default: {} },
  },
  required: ['name'],
  additionalProperties: false,
};

t.test('texts are changed as the schema says, defaults are filled in, types are converted', async (t) => {
  const check = dataCheck(SCHEMA);
  const given = { name: '  Shop ', quota_gb: '20', tags: ['a', 'b'] };
  t.same(check(given), {
    data: { name: 'shop', quota_gb: 20, tier: 'small', tags: ['A', 'B'], limits: { users: 3 } },
    problems: {},
  });
  t.same(given, { name: '  Shop ', quota_gb: '20', tags: ['a', 'b'] }, 'what was given is not changed');
});

t.test('every wrong field is named, and no value is quoted', async (t) => {
  const check = dataCheck(SCHEMA);
  const { problems } = check({ name: 'x', quota_gb: 0, tier: 'hush-hush', code: 'hush-1', more: 'hush-2' });
  t.same(problems, {
    name: 'must not have fewer than 2 characters',
    quota_gb: 'must be >= 1',
    tier: 'must be one of: small, large',
    code: 'must be letters only',
    more: 'is not known',
  });
  t.same(check({}).problems, { name: 'is missing' });
  t.same(check({ name: 'ok', limits: { users: 'many' } }).problems, { 'limits.users': 'must be integer' });
});

t.test('a TypeBox schema that went through JSON keeps its defaults', async (t) => {
  const schema = Type.Object({ a: Type.Integer({ default: 4 }), b: Type.Optional(Type.String()) });
  const copy = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  t.same(dataCheck(copy)({}), { data: { a: 4 }, problems: {} });
});

t.test('a pattern that never ends does not hold the process, and its text is accepted', async (t) => {
  const check = dataCheck({
    type: 'object',
    properties: { a: { type: 'string', pattern: '^(x+x+)+$' }, b: { type: 'string', pattern: '^y$' } },
  });
  const endless = `${'x'.repeat(60)}!`;
  for (let n = 0; n < 5; n += 1)
    t.same(check({ a: endless, b: 'z' }).problems, { b: 'must match pattern "^y$"' });
});

t.test('each field has its own pattern', async (t) => {
  const field = (pattern: string) => ({ type: 'string', pattern });
  const check = dataCheck({ type: 'object', properties: { a: field('^a$'), b: field('^b$') } });
  t.same(check({ a: 'a', b: 'b' }).problems, {});
  t.same(Object.keys(check({ a: 'b', b: 'a' }).problems), ['a', 'b']);
});

t.test('a schema that cannot be used is refused with the reason', async (t) => {
  const field = (a: unknown) => ({ type: 'object', properties: { a } });
  const problemOf = (schema: unknown, mayHaveSecrets = true) => schemaProblem(schema, mayHaveSecrets) ?? '';
  t.equal(problemOf(SCHEMA), '');
  for (const [schema, problem] of [
    ['text', /type "object"/],
    [{ type: 'string' }, /type "object"/],
    [{ type: 'object', properties: [] }, /as `properties`/],
    [field('text'), /\.properties\.a must be a schema/],
    [field({ $ref: '#' }), /\$ref/],
    [{ type: 'object', allOf: [{ $dynamicRef: '#' }] }, /\$dynamicRef/],
    [field({ type: 'integer', secret: true }), /"string", because it is a secret/],
    [field({ type: 'string', secret: true, default: 'x' }), /not have a default/],
    [field({ type: 'object', properties: { b: { type: 'string', secret: true } } }), /nested/],
    [field({ type: 'string', transform: ['reverse'] }), /trim, toLowerCase, toUpperCase/],
    [field({ type: 'string', description: 'x'.repeat(70_000) }), /64 KiB/],
  ] as const)
    t.match(problemOf(schema), problem);
  const secret = field({ type: 'string', secret: true });
  t.equal(problemOf(secret), '');
  t.same(secretFields(secret), ['a']);
  t.match(problemOf(secret, false), /must not be a secret/);
  t.throws(() => dataCheck(field({ type: 'strin' })));
});
