import fc from 'fast-check';
import t from 'tap';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Json } from '../../src/kernel/json.js';
import { ACCESS, type Rule } from '../../src/http/guards/access.js';
import { createToken } from '../../src/tokens/create-token.js';
import { PERMISSIONS } from '../../src/model/permissions.js';
import { type Example, examplesOf, exampleUrl } from './examples.js';
import { asObject, fields, makeRig, ORDER, type Rig } from './harness.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

interface Walked {
  readonly route: string;
  readonly rule: Rule;
  readonly example: Example;
}

/** What the description of the API shows of each call. */
const described = await makeRig();
const EXAMPLES = examplesOf(fields(described.app.swagger()));
await described.close();

/** Every route of the network's door, whoever added it. */
const ROUTES: readonly Walked[] = Object.entries(ACCESS)
  .filter(([, { listener }]) => listener === 'both')
  .map(([route, rule]) => ({ route, rule, example: EXAMPLES.get(route) ?? {} }));
const GUARDED = ROUTES.filter(({ rule }) => rule.access !== 'public');

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

async function call(
  rig: Rig,
  { route, example }: Walked,
  token: string,
  also: Example = {},
): Promise<Answer> {
  const sent = { ...example, ...also };
  const answer = await rig.app.inject({
    method: METHODS.find((method) => route.startsWith(`${method} `)) ?? 'GET',
    url: exampleUrl(route, sent),
    headers: {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(sent.body === undefined ? {} : { payload: JSON.stringify(sent.body) }),
  });
  return { status: answer.statusCode, text: answer.body, headers: answer.headers };
}

/** A rig with the examples' service, running. */
async function walkable(): Promise<Rig> {
  const rig = await makeRig();
  rig.app.log.level = 'silent';
  await rig.call('POST', '/create-site', { ...ORDER, email: 'hidden77@example.com' });
  await rig.change('default/12345', ({ jobs }) => ({
    lifecycle: 'active',
    node: 'pve1',
    jobs: jobs.map((job) => ({ ...job, status: 'completed', endedAt: '2026-03-01T12:00:00.000Z' })),
  }));
  return rig;
}

const FAILED = { success: false, error: /^\S.*\.$/s, code: /^[a-z_]+$/, request_id: /./ };

t.test('without a token, or with one that is none, no route but the open ones says anything', async (t) => {
  const rig = await walkable();
  t.teardown(() => rig.close());
  const writes = rig.writes();
  const { panel } = rig.tokens;
  for (const walked of GUARDED)
    for (const token of ['', 'ik_wrong', `${panel}x`, panel.slice(0, -1), panel.toLowerCase()]) {
      const { status, text, headers } = await call(rig, walked, token);
      t.equal(status, 401, `${walked.route} with ${token === '' ? 'no token' : 'a wrong one'}`);
      t.match(asObject(text), { ...FAILED, code: 'unauthorized' });
      t.match(headers, { 'www-authenticate': 'Bearer' });
    }
  t.equal(rig.writes(), writes);
});

t.test('every route wants its own permission, and admin opens all of them', async (t) => {
  const rig = await walkable();
  t.teardown(() => rig.close());
  for (const walked of GUARDED) {
    const writes = rig.writes();
    for (const permission of PERMISSIONS.filter((name) => name !== walked.rule.access && name !== 'admin')) {
      const { text: token } = await createToken(rig.deps, {
        name: `${permission} for ${walked.route}`,
        permissions: [permission],
      });
      const { status, text } = await call(rig, walked, token);
      t.equal(status, 403, `${walked.route} with ${permission}`);
      t.match(asObject(text), { ...FAILED, code: 'forbidden' });
    }
    t.equal(rig.writes(), writes, walked.route);
    t.not((await call(rig, walked, rig.tokens.admin)).status, 403, `${walked.route} with admin`);
  }
});

t.test("with another panel's token nothing of this one is seen or changed", async (t) => {
  const rig = await walkable();
  t.teardown(() => rig.close());
  const stranger = (await createToken(rig.deps, { name: 'x', panel: 'staging', permissions: ['admin'] }))
    .text;
  const before = await rig.state.services.get('default/12345');
  const job = before.jobs.at(-1)?.id ?? '';
  for (const walked of GUARDED) {
    if (walked.route === 'POST /create-site') continue;
    const params = walked.route.includes('/jobs/') ? { params: { id: job } } : {};
    const { text } = await call(rig, walked, stranger, params);
    t.notMatch(text, /hidden77|10\.0\.0\.10/, walked.route);
  }
  t.equal(await rig.state.services.get('default/12345'), before, 'untouched');
});

t.test('a service that never was is told to be none, and nothing comes of it', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  for (const walked of GUARDED) {
    if (!namesService(walked)) continue;
    const { status, text } = await call(rig, walked, rig.tokens.admin);
    t.equal(status, 404, `${walked.route}: ${text.slice(0, 200)}`);
    t.match(asObject(text), { ...FAILED, code: /_not_found$/ }, walked.route);
  }
  t.equal(rig.writes(), 0);
});

/** Calls about one service that must be there. */
function namesService({ route, example }: Walked): boolean {
  // lists that may be narrowed to a service
  if (['POST /create-site', 'GET /jobs', 'GET /audit'].includes(route)) return false;
  if (/^[A-Z]+ \/(services|jobs)\/:id/.test(route)) return true;
  return 'service_id' in fields(example.body) || 'service_id' in fields(example.query);
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    ...['', ' ', '\0', '../../etc/passwd', '$(reboot)', '`id`', "'; drop table--", '{{7*7}}', '\ud800'],
    ...['__proto__', 'constructor', 'a\r\nX: y', '%00', 'NaN', '1e309', '-0', 'x'.repeat(3000), '..', '-rf'],
    ...['xn--', 'a..b', '*.example.com', 'localhost', '127.0.0.1', '[::1]', 'example.com.', 'exämple.com'],
  ),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
);

t.test('hostile values are refused in every field of every route, and change nothing', async (t) => {
  const rig = await walkable();
  t.teardown(() => rig.close());
  // Last, since it may make services that other calls would then find.
  const isOrder = ({ route }: Walked): boolean => route === 'POST /create-site';
  for (const walked of GUARDED.toSorted((a, b) => Number(isOrder(a)) - Number(isOrder(b)))) {
    const token = walked.rule.access === 'admin' ? rig.tokens.admin : rig.tokens.panel;
    const { body, query, params } = walked.example;
    const spots = [
      ...Object.keys(fields(body)).map((name) => ['body', name] as const),
      ...Object.keys(query ?? {}).map((name) => ['query', name] as const),
      ...Object.keys(params ?? {}).map((name) => ['params', name] as const),
    ];
    if (spots.length === 0) spots.push(['query', 'anything']);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...spots),
        nasty,
        fc.boolean(),
        async ([where, name], value, whole) => {
          const text = typeof value === 'string' ? value : JSON.stringify(value);
          const body = asJson(whole ? value : { ...fields(walked.example.body), [name]: value });
          const wrong: Example =
            where === 'body'
              ? { body }
              : { [where]: { ...walked.example[where], [name]: encoded(where, text) } };
          const writes = rig.writes();
          const answer = await call(rig, walked, token, wrong);
          const said = `${walked.route} ${JSON.stringify(wrong)}: ${answer.status} ${answer.text.slice(0, 300)}`;
          if (answer.status >= 500) throw new Error(said);
          if (/\n\s+at |node_modules|\.ts:|\/tmp\//.test(answer.text)) throw new Error(`a stack: ${said}`);
          if (answer.status < 400) return;
          if (asObject(answer.text)['success'] !== false) throw new Error(said);
          // a name of another script is a name, and the first refusal makes the value that would prove it
          if (asObject(answer.text)['code'] === 'domain_not_here') return;
          if (rig.writes() !== writes) throw new Error(`refused, but something was written: ${said}`);
        },
      ),
      { numRuns: 40 },
    );
    t.pass(walked.route);
  }
});

t.test('a body nested without end is refused by every call, also with a key to remember it by', async (t) => {
  const rig = await walkable();
  t.teardown(() => rig.close());
  const deep = (levels: number): string => `${'['.repeat(levels)}"]"${']'.repeat(levels)}`;
  const send = async (walked: Walked, levels: number, headers: Record<string, string>) => {
    const known = JSON.stringify(walked.example.body ?? {}).slice(1, -1);
    const answer = await rig.app.inject({
      method: METHODS.find((method) => walked.route.startsWith(`${method} `)) ?? 'GET',
      url: exampleUrl(walked.route, walked.example),
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${rig.tokens.admin}`,
        ...headers,
      },
      payload: `{${known}${known === '' ? '' : ','}"properties":{"a":${deep(levels)}},"extra":${deep(levels)}}`,
    });
    return { status: answer.statusCode, text: answer.body };
  };
  const writes = rig.writes();
  // modules get bodies as they are
  const calls = GUARDED.filter(({ route }) => !route.startsWith('GET ') && !route.endsWith('*'));
  for (const walked of calls)
    for (const levels of [63, 4_000])
      for (const headers of [{}, { 'idempotency-key': `${walked.route.replace(/\W/g, '')}${levels}` }]) {
        const { status, text } = await send(walked, levels, headers);
        t.equal(status, 400, `${walked.route}: ${text.slice(0, 200)}`);
        t.match(asObject(text), { ...FAILED, code: 'invalid_json', error: /nested deeper than 64 levels/ });
      }
  t.equal(rig.writes(), writes);
  const order = calls.find(({ route }) => route === 'POST /create-site');
  if (!order) throw new Error('there is no such call');
  const fits = { ...order, example: { body: { ...ORDER, service_id: 'deep' } } };
  t.equal((await send(fits, 62, { 'idempotency-key': 'deep' })).status, 202, 'what is nested less is kept');
});

function encoded(where: 'query' | 'params', text: string): string {
  const legal = Buffer.from(text).toString();
  return where === 'params' ? encodeURIComponent(legal) : legal;
}

/** What JSON makes of it. */
function asJson(value: unknown): Json {
  const text: unknown = JSON.stringify(value);
  const back: unknown = JSON.parse(typeof text === 'string' ? text : 'null');
  return Value.Check(AnyJson, back) ? back : null;
}

const AnyJson = Type.Unsafe<Json>(Type.Unknown());
