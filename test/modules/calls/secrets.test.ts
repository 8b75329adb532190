/** Secrets that module code makes or stores: it gets their names and never their values. */
import t from 'tap';
import { moduleCalls } from './harness.js';

t.test('a password has the length and the classes that were asked for, and stays the same', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  const options = { name: 'db', length: 12, classes: ['lower', 'upper', 'digit', 'symbol'] as const };
  t.same(await call('secrets.password', options), { secret: 'db' });
  const first = secrets.get('db')?.reveal() ?? '';
  t.equal(first.length, 12);
  for (const [what, pattern] of Object.entries({
    lower: /[a-z]/,
    upper: /[A-Z]/,
    digit: /\d/,
    symbol: /[^\w]|_/,
  }))
    t.match(first, pattern, what);
  await call('secrets.password', options);
  t.equal(secrets.get('db')?.reveal(), first, 'a step that runs again gets the same');
  t.same(await call('secrets.password'), { secret: 'password' });
  t.match(secrets.get('password')?.reveal(), /^[A-Za-z0-9]{24}$/);
  t.same(await call('secrets.password', { name: 'pin', classes: ['digit'] }), { secret: 'pin' });
  t.match(secrets.get('pin')?.reveal(), /^[2-9]{24}$/);
});

t.test('`ensure` generates once; `put` replaces', async (t) => {
  const { call, secrets } = await moduleCalls(t);
  await call('secrets.ensure', 'key', 40);
  const first = secrets.get('key')?.reveal();
  t.match(first, /^[A-Za-z0-9]{40}$/);
  await call('secrets.ensure', 'key', 12);
  t.equal(secrets.get('key')?.reveal(), first);
  t.same(await call('secrets.put', 'key', 'from outside'), { secret: 'key' });
  t.equal(secrets.get('key')?.reveal(), 'from outside');
  const stored = secrets.get('key');
  await call('secrets.put', 'key', 'from outside');
  t.equal(secrets.get('key'), stored, 'nothing is written for the same value');
});

t.test('names and sizes that are not allowed are refused, and the value is not in the error', async (t) => {
  const { raw, secrets } = await moduleCalls(t);
  const canary = 'canary-Zk81';
  const bad: unknown[][] = [
    ['secrets.put', '__proto__', canary],
    ['secrets.put', 'settings:token', canary],
    ['secrets.put', 'Upper', canary],
    ['secrets.put', 'a', canary.repeat(2_000)],
    ['secrets.put', 'a', { text: canary }],
    ['secrets.put', 'a', canary, canary],
    ['secrets.ensure', 'a', 11],
    ['secrets.ensure', 'a', 129],
    ['secrets.password', { length: 4 }],
    ['secrets.password', { classes: [] }],
    ['secrets.password', { classes: ['digit', 'digit'] }],
    ['secrets.password', { pattern: '.*' }],
  ];
  for (const [name = '', ...args] of bad) {
    const error: unknown = await raw(String(name), ...args).catch((thrown: unknown) => thrown);
    t.match(error, { code: 'module_failed', retryable: false }, JSON.stringify(args).slice(0, 60));
    t.notMatch(JSON.stringify([String(error), Reflect.get(Object(error), 'detail')]), canary);
  }
  t.equal(secrets.size, 0);
});
