import t from 'tap';
import { chooseSubdomain, isLegalLabel, isReserved, labelFrom } from '../../src/model/subdomain.js';

const none = new Set<string>();

t.test(
  'a label is legal from 1 to 63 letters, digits and hyphens, unless it announces another script',
  async (t) => {
    for (const label of ['a', '7', 'a-b', 'a--b', 'a-b--c', 'x'.repeat(63)]) t.ok(isLegalLabel(label), label);
    for (const label of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'xn--a', 'ab--c', 'x'.repeat(64)])
      t.notOk(isLegalLabel(label), label);
  },
);

t.test('a label made of text has single hyphens inside, and at most 40 characters', async (t) => {
  for (const [text, label] of [
    ['Anna Müller', 'anna-muller'],
    ['a.b_c+d=e~f', 'a-b-c-d-e-f'],
    ['a--b', 'a-b'],
    ['a-é-b', 'a-e-b'],
    ["o'brien", 'obrien'],
    ['a-!-b', 'a-b'],
    ['--a--', 'a'],
    [`${'x'.repeat(39)}-y`, 'x'.repeat(39)],
    ['x'.repeat(41), 'x'.repeat(40)],
    ['山田', ''],
  ] as const)
    t.equal(labelFrom(text), label, text);
});

t.test(
  'names of machines are reserved with and without a hyphen, and the words of the operator',
  async (t) => {
    for (const label of [
      'ns7',
      'ns-7',
      'mx10',
      'dns-1',
      'mail1',
      'smtp2',
      'pve9',
      'node1',
      'host1',
      'srv1',
      'db1',
    ])
      t.ok(isReserved(label, none), label);
    for (const label of ['server1', 'web-12', 'vpn3', 'gw1']) t.ok(isReserved(label, none), label);
    for (const label of ['ns1a', 'my-ns1', 'ns--1', 'hosts', 'brand'])
      t.notOk(isReserved(label, none), label);
    t.ok(isReserved('brand', new Set(['brand'])));
  },
);

t.test('suffixes count from 2, and one that would be reserved is passed over', async (t) => {
  const choose = (localPart: string, taken: readonly string[], reserved = none) =>
    chooseSubdomain({ localPart, serviceId: '7', reserved }, (label) => taken.includes(label));
  t.equal(choose('anna', []), 'anna');
  t.equal(choose('anna', ['anna']), 'anna-2');
  t.equal(choose('anna', ['anna'], new Set(['anna-2'])), 'anna-3');
  t.equal(choose('www', ['site-7']), 'site-7-2');
  t.equal(choose('山田', []), 'site-7');
});
