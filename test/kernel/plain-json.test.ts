import t from 'tap';
import { NotPlainError, plainJson } from '../../src/kernel/plain-json.js';

const plain = (value: unknown, bytes = 1_000): unknown => plainJson(value, 'it', { bytes });

t.test('plain JSON is copied as it is, without what is undefined', (t) => {
  const value = { a: [1, 'ä', null, true, { b: {} }], c: '', d: -1.5 };
  t.same(plain(value), value);
  t.not(plain(value), value, 'a copy');
  t.same(plain({ a: undefined, b: 1 }), { b: 1 });
  t.same(plain([undefined, 1]), [null, 1]);
  t.same(plain(Object.assign(Object.create(null) as object, { a: 1 })), { a: 1 });
  t.end();
});

t.test('what is not plain is refused with its place', (t) => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^it is undefined$/],
    [{ a: [1, 2n] }, /^it\.a\[1\] is a BigInt$/],
    [{ a: () => 1 }, /^it\.a is a function$/],
    [[Symbol('x')], /^it\[0\] is a symbol$/],
    [Number.NaN, /^it is NaN$/],
    [{ a: Infinity }, /^it\.a is Infinity$/],
    [new Date(0), /^it is a Date, and not a plain object$/],
    [{ m: new Map() }, /^it\.m is a Map, and not a plain object$/],
    [{ b: Buffer.alloc(3) }, /^it\.b is a Buffer, and not a plain object$/],
    [cycle, /^it is nested deeper than 16 levels$/],
    [deep(17), /nested deeper/],
    [JSON.parse('{"a":{"__proto__":{"x":1}}}'), /^it\.a has a key __proto__$/],
    ['x'.repeat(999), /^it is larger than 1000 bytes$/],
    ['ä'.repeat(500), /larger than 1000 bytes/],
    [Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key${n}`, 1])), /larger/],
    [new Array(4_000_000_000), /larger/],
  ];
  for (const [value, message] of refused) t.throws(() => plain(value), { message }, String(message));
  t.throws(() => plain(undefined), NotPlainError);
  t.same(plain(deep(16)), deep(16));
  t.equal(Reflect.get({}, 'x'), undefined, 'no prototype was changed');
  t.end();
});

t.test('the bound is that of the value as JSON', (t) => {
  for (const value of [
    { a: [1, 2, 3], b: { c: 'text', d: [] } },
    ['ä', 'b'],
    'x'.repeat(50),
    [true, null, 12.5],
  ]) {
    const size = Buffer.byteLength(JSON.stringify(value));
    t.same(plain(value, size + 10), value);
    t.throws(() => plain(value, size - 10));
  }
  t.end();
});
