/** What a body may consist of, before it is parsed in one piece of the main thread. */
import t from 'tap';
import { MOST_VALUES, problemOf } from '../../../src/http/server/json-body.js';
import { makeRig } from '../harness.js';

const MOST = { levels: 3, values: 10 };
const code = (text: string): string | undefined => problemOf(text, MOST)?.code;

t.test('levels are counted outside of strings', async (t) => {
  t.equal(code('[[[]]]'), undefined);
  t.equal(code('[[[[]]]]'), 'invalid_json');
  t.equal(code('{"a":[{"b":[]}]}'), 'invalid_json');
  t.equal(code('[[],[],[],[]]'), undefined, 'one after the other');
  for (const text of ['"[[[["', '"\\"[[[["', '"\\\\\\"[[[["', '["[[[", "{{{"]', '"[[[[', '"[[[[\\'])
    t.equal(code(text), undefined, text);
  t.equal(
    code('["\\\\",[[[]]]]'),
    'invalid_json',
    'a quote after an even number of backslashes ends the string',
  );
});

t.test('values are counted outside of strings', async (t) => {
  t.equal(code('[1,2,3,4,5,6,7,8,9]'), undefined);
  t.equal(code('[1,2,3,4,5,6,7,8,9,10]'), 'payload_too_large');
  t.equal(code(`[${'{},'.repeat(5)}{}]`), 'payload_too_large');
  t.equal(code('{"a,,,,,,,,,,,":"b,,,,,,,,,,,,"}'), undefined);
});

t.test('a body of a great many small values is refused before it is parsed', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const many = Array.from({ length: MOST_VALUES }, () => 1);
  t.match(await rig.call('POST', '/panel/sync', many), {
    status: 413,
    body: { code: 'payload_too_large', error: /more than 60000 values/ },
  });
});

t.test('the longest list of records fits, and a larger body does not', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const records = (length: number, email: string) =>
    Array.from({ length }, (_, n) => ({
      service_id: `service-${n}`,
      status: 'active',
      plan: 'WordPress Basic',
      email,
    }));
  const sync = (body: object) => rig.call('POST', '/panel/sync', body);
  t.equal((await sync(records(10_000, `${'x'.repeat(60)}@example.com`))).status, 200);
  t.match(await sync(records(10_000, `${'x'.repeat(64)}@${'y'.repeat(100)}.example.com`)), {
    status: 413,
    body: { code: 'payload_too_large' },
  });
});
