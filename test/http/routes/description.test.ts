import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ERRORS } from '../../../src/kernel/errors.js';
import { ACCESS } from '../../../src/http/guards/access.js';
import { apiDocs, operationsOf } from '../../tools/api-docs.js';
import { examplesOf, exampleUrl } from '../examples.js';
import { at, inlined } from '../inlined.js';
import { asObject, fields, makeRig, ORDER, type Rig } from '../harness.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const methodOf = (route: string) => METHODS.find((method) => route.startsWith(`${method} `)) ?? 'GET';

/** Only the modules know what these routes do. */
const isOfModule = (route: string): boolean =>
  /^[A-Z]+ \/(?:modules\/:type\/:name\/(?:api|static)|webhooks)\//.test(route);

/** Leads to the page or belongs to it: no part of the API. */
const isPage = (route: string): boolean =>
  route === 'GET /' || route.startsWith('GET /docs') || isOfModule(route);

async function described(rig: Rig) {
  const { body } = await rig.call('GET', '/openapi.json', undefined, '');
  return body;
}

t.test('the description is whole: a summary, a tag and the failure shape everywhere', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const body = await described(rig);
  t.equal(body['openapi'], '3.1.0');
  const operations = operationsOf(body);
  const names = operations.map(({ name }) => name.replace(/\{([a-z]+)\}/g, ':$1'));
  const served = Object.keys(ACCESS).filter((route) => !isPage(route));
  t.same(names.sort(), served.sort());
  for (const { name, description } of operations) {
    t.match(description, { summary: /^[A-Z]/, tags: [/./], responses: {} }, name);
    const responses = Object.entries(fields(description['responses']));
    t.ok(
      responses.some(([status]) => status.startsWith('2')),
      name,
    );
    for (const [status, given] of responses) {
      const response = fields(given);
      const { $ref } = response;
      const whole = typeof $ref === 'string' ? fields(at($ref, body)) : response;
      t.match(whole, { description: /./ }, `${name} ${status}`);
      if (status.startsWith('2')) continue;
      const schema = { $ref: '#/components/schemas/Failure' };
      t.match(whole, { content: { 'application/json': { schema } } }, `${name} ${status}`);
    }
  }
});

t.test('the table of errors, the description and the book say the same', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const body = await described(rig);
  const schemas = fields(fields(body['components'])['schemas']);
  const code = fields(fields(fields(schemas['Failure'])['properties'])['code']);
  t.same(code['enum'], Object.keys(ERRORS));
  for (const { name, description } of operationsOf(fields(inlined(body, body)))) {
    for (const [status, response] of Object.entries(fields(description['responses']))) {
      if (status.startsWith('2')) continue;
      for (const [, named = ''] of String(fields(response)['description']).matchAll(/`([a-z_]+)`/g)) {
        const kind = Object.entries(ERRORS).find(([key]) => key === named)?.[1];
        t.equal(String(kind?.status), status, `${name}: ${named}`);
      }
    }
  }
  const book = await readFile('docs/api.md', 'utf8');
  t.equal(book, await apiDocs(), 'docs/api.md is out of date: npm run docs');
  for (const [key, { status, meaning }] of Object.entries(ERRORS)) {
    t.match(book, new RegExp(`\\| \`${key}\` +\\| ${status} +\\|`), key);
    t.ok(book.includes(meaning), key);
    t.match(meaning, /^[A-Z].*\.$/);
  }
});

t.test('every example is understood', async (t) => {
  const doors = { network: await makeRig(), socket: await makeRig('socket') };
  t.teardown(() => Promise.all([doors.network.close(), doors.socket.close()]));
  for (const rig of Object.values(doors)) rig.app.log.level = 'silent';
  const examples = examplesOf(fields(doors.socket.app.swagger()));
  await doors.socket.call('POST', '/tokens', { name: 'paymenter' }, '');
  for (const [route, { listener }] of Object.entries(ACCESS)) {
    if (isPage(route)) continue;
    const example = examples.get(route);
    if (!example) {
      t.fail(`${route} has no example`);
      continue;
    }
    const rig = doors[listener === 'both' ? 'network' : 'socket'];
    await rig.call('POST', '/create-site', ORDER, rig.tokens.admin);
    const answer = await rig.app.inject({
      method: methodOf(route),
      url: exampleUrl(route, example),
      headers: { authorization: `Bearer ${rig.tokens.admin}`, 'content-type': 'application/json' },
      ...(example.body === undefined ? {} : { payload: JSON.stringify(example.body) }),
    });
    t.not(answer.statusCode, 400, `${route}: ${answer.body.slice(0, 300)}`);
    t.not(answer.statusCode, 500, `${route}: ${answer.body.slice(0, 300)}`);
    const type = String(answer.headers['content-type']);
    if (type.startsWith('application/json') && route !== 'GET /openapi.json')
      t.equal(asObject(answer.body)['success'], answer.statusCode < 400, route);
  }
});

/** The extension's own `cleanError`, word for word. */
function cleanError(message: string): string {
  const json = /\{.*\}/s.exec(message);
  if (json) {
    try {
      const { error } = asObject(json[0]);
      if (typeof error === 'string') return error.trim();
    } catch {
      // as json_decode: null
    }
  }
  const paragraph = /<p[^>]*>(.*?)<\/p>/is.exec(message);
  const text = paragraph?.[1]?.replace(/<[^>]*>/g, '') ?? '';
  if (text !== '') return text.trim();
  return message.replace(/^API\s+\w+\s+\/[^\s]+\s+failed:\s*HTTP\s*\d+\s*/i, '').trim();
}

t.test('a panel that shows what it was answered shows the sentence and nothing else', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  await rig.call('POST', '/create-site', ORDER);
  const failed: [string, string, object?][] = [
    ['POST', '/create-site', { ...ORDER, plan: 'premium' }],
    ['POST', '/create-site', { service_id: '{}', email: '<p>x</p>' }],
    ['POST', '/create-site', { ...ORDER, service_id: '9', plan: '{"error":"gold"}' }],
    ['GET', '/status?service_id=nobody'],
    ['GET', '/nowhere'],
    ['GET', '/create-site'],
  ];
  for (const [verb, url, body] of failed) {
    const answer = await rig.app.inject({
      method: methodOf(`${verb} `),
      url,
      headers: { authorization: `Bearer ${rig.tokens.panel}` },
      ...(body === undefined ? {} : { payload: body }),
    });
    const { error } = asObject(answer.body);
    t.match(error, /^\S[^{}<>]*\.$/);
    const shown = cleanError(`API ${verb} ${url} failed: HTTP ${answer.statusCode} ${answer.body}`);
    t.equal(shown, error, `${verb} ${url}`);
  }
});

t.test(
  'the page at /docs needs no token, nothing from elsewhere, and shows nothing without one',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const get = (url: string) => rig.app.inject({ url });
    const page = await get('/docs');
    t.equal(page.statusCode, 200);
    t.match(page.headers['content-type'], /^text\/html/);
    t.match(page.headers, {
      'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self'; /,
      'x-content-type-options': 'nosniff',
    });
    t.notMatch(page.headers['content-security-policy'], /unsafe|https?:|\*/);
    t.equal((await get('/docs/')).statusCode, 200);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
    for (const link of files.filter((one) => one !== 'data:,')) {
      t.match(link, /^\/docs\//, 'from here');
      const file = await get(link);
      t.equal(file.statusCode, 200, link);
      t.match(file.headers['content-type'], link.endsWith('.css') ? /css/ : /javascript/);
      const etag = String(file.headers['etag']);
      const again = await rig.app.inject({ url: link, headers: { 'if-none-match': etag } });
      t.equal(again.statusCode, 304, link);
    }
    t.match(files, ['data:,', /css/, /css/, /bundle/, /page/]);
    for (const url of ['/docs/index.html', '/docs/..%2f..%2fpackage.json', '/docs/page.js.map', '/docs/a/b'])
      t.match(asObject((await get(url)).body), { success: false, code: 'route_not_found' }, url);
    t.equal((await get('/openapi.json')).statusCode, 401);
  },
);
