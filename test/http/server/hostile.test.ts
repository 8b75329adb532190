import fc from 'fast-check';
import t from 'tap';
import { ACCESS } from '../../../src/http/guards/access.js';
import { asObject, makeRig, ORDER } from '../harness.js';

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '../../etc/passwd',
    '$(reboot)',
    '`id`',
    "'; drop table--",
    '{{7*7}}',
    '__proto__',
    'constructor',
    'toString',
    '\u202e',
    '\ud800',
    'a\r\nX: y',
    '%00',
    '%2e%2e',
    'NaN',
    '1e309',
    '-0',
    'null',
    'x'.repeat(300),
  ),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 10 }), { maxLength: 20 }),
  fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
);

t.test('no hostile field makes a defect, and what is refused changes nothing', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  const field = fc.constantFrom(
    'service_id',
    'email',
    'plan',
    'public_ip',
    'subdomain',
    'domain',
    'user_id',
    'module',
    'properties',
    'extra',
  );
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(field, nasty, { minKeys: 1, maxKeys: 3 }), async (wrong) => {
      const before = rig.writes();
      const answer = await rig.call('POST', '/create-site', { ...ORDER, service_id: accepted, ...wrong });
      if (answer.status === 202) {
        accepted += 1;
        return;
      }
      if (![400, 409].includes(answer.status))
        throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      if (rig.writes() !== before) throw new Error('refused, but something was written');
    }),
    { numRuns: 600 },
  );
  const names = new Set<string>();
  for (const entry of rig.state.services.entries()) {
    const { subdomain } = entry;
    t.match(subdomain, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    t.match(entry.id, /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/);
    t.notOk(names.has(subdomain ?? ''));
    names.add(subdomain ?? '');
  }
});

t.test('no hostile URL, query or body makes a defect of any route', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  await rig.call('POST', '/create-site', ORDER);
  const routes = Object.entries(ACCESS)
    .filter(([, rule]) => rule.listener === 'both')
    .map(([route]) => route.split(' '))
    // they need nothing but an id: with the id of the order they are no hostile calls
    .filter(([, path]) => !/^\/services\/:id\/(credentials\/reset|login-link)$/.test(path ?? ''));
  const text = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('%', '%00', '../', '12345', '\\', '?', '#'),
  );
  const method = fc.constantFrom(
    'GET' as const,
    'POST' as const,
    'DELETE' as const,
    'PUT' as const,
    'PATCH' as const,
  );
  const before = rig.writes();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...routes),
      method,
      text,
      text,
      fc.boolean(),
      nasty,
      async ([, pattern = '/'], verb, id, value, encoded, body) => {
        const path = pattern.replace(':id', encoded ? safe(id) : id.replace(/[^!-~]/g, ''));
        const query = ['service_id', 'limit', 'cursor', 'acknowledge', 'status', 'ids']
          .map((name) => `${name}=${safe(value)}`)
          .join('&');
        const answer = await rig.app.inject({
          method: verb,
          url: `${path}?${query}`,
          headers: { authorization: `Bearer ${rig.tokens.panel}`, 'content-type': 'application/json' },
          ...(verb === 'GET' ? {} : { payload: JSON.stringify(body) }),
        });
        if (answer.statusCode >= 500) throw new Error(`${verb} ${path}: ${answer.statusCode} ${answer.body}`);
        if (answer.statusCode >= 400 && asObject(answer.body)['success'] !== false)
          throw new Error(`${verb} ${path}: ${answer.body}`);
      },
    ),
    { numRuns: 800 },
  );
  t.equal(rig.writes(), before);
});

t.test('no hostile token is let in', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
      const answer = await rig.app.inject({
        url: '/plans',
        headers: { authorization: text.replace(/[^\x20-\x7e]/g, '') },
      });
      if (answer.statusCode !== 401) throw new Error(String(answer.statusCode));
    }),
  );
  t.pass();
});

function safe(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
