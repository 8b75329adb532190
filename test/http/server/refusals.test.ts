/** A refusal says all that is wrong with a request, so that it can be put right at once. */
import t from 'tap';
import { fields, makeRig, ORDER } from '../harness.js';

t.test('an answer names all faults of an order, in the sentence too', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const { status, body } = await rig.call('POST', '/create-site', {
    service_id: '-1',
    email: 'nobody',
    public_ip: 'nowhere',
    subdomain: '-x-',
  });
  t.equal(status, 400);
  t.equal(body['code'], 'invalid_request');
  const wrong = ['service_id', 'email', 'public_ip', 'plan'];
  for (const name of wrong) {
    t.type(fields(body['errors'])[name], 'string', name);
    t.match(body['error'], new RegExp(`(?:^|; )${name} `), name);
  }
  t.match(body['error'], /^\S.*\.$/);
  const meaning = await rig.call('POST', '/create-site', {
    ...ORDER,
    email: 'a@@',
    public_ip: '203.0.113.300',
    subdomain: '-x-',
  });
  t.same(Object.keys(fields(meaning.body['errors'])).sort(), ['email', 'public_ip', 'subdomain']);
});

t.test('a refusal that would name very many fields says how many more there are', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const records = Array.from({ length: 12 }, (_, index) => ({ service_id: String(index), status: 'odd' }));
  const { status, body } = await rig.call('POST', '/panel/sync', records);
  t.equal(status, 400);
  t.equal(Object.keys(fields(body['errors'])).length, 12);
  t.match(body['error'], /; 7 more fields are wrong\.$/);
});

t.test('an answer names every fault of a token', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const sent = { panel: '!', permissions: ['all'], expires_at: 'never', networks: ['here'] };
  const { status, body } = await rig.call('POST', '/tokens', { name: 'x', ...sent }, '');
  t.equal(status, 400);
  t.same(Object.keys(fields(body['errors'])).sort(), Object.keys(sent).sort());
});

t.test('an answer says that "Bearer" is missing, or that the token is wrong', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const said = async (authorization: string) =>
    fields(JSON.parse((await rig.app.inject({ url: '/plans', headers: { authorization } })).body));
  const { panel } = rig.tokens;
  for (const header of [panel, `Token ${panel}`, `Basic ${panel}`, `Bearer${panel}`, 'Bearer'])
    t.match(await said(header), {
      code: 'unauthorized',
      error: 'The Authorization header must be the word Bearer, a space and the token.',
    });
  t.match(await said('Bearer ik_wrong'), { code: 'unauthorized', error: 'The bearer token is not valid.' });
});

t.test(
  'an endpoint that does not exist is named with its method, and nothing else of the request',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const said = async (method: 'GET' | 'POST' | 'DELETE', url: string) =>
      fields(JSON.parse((await rig.app.inject({ method, url })).body));
    const code = 'route_not_found';
    t.match(await said('POST', '/creat-site?email=a@example.com'), {
      code,
      error: 'Endpoint not found: POST /creat-site.',
    });
    t.match(await said('GET', '/<b>"x"</b>{}'), { code, error: /^Endpoint not found: GET [^<>{}"]*\.$/ });
    t.match(await said('GET', '/%'), { code, error: 'Endpoint not found: GET /%.' });
    t.match(await said('GET', `/${'x'.repeat(5_000)}`), {
      code,
      error: 'Endpoint not found: GET /....',
    });
    t.match(
      await said('GET', `/${'status/'.repeat(50)}`),
      { code, error: /^Endpoint not found: GET (?:\/status){12,14}[a-z/]*\.\.\.\.$/ },
      'and so is a path of many',
    );
    t.match(await said('GET', `/jobs/${'x'.repeat(5_000)}`), {
      code,
      error: /^Endpoint not found: GET \/jobs/,
    });
    t.match(await said('GET', '/create-site'), {
      code: 'method_not_allowed',
      error: 'Method not allowed: GET /create-site. Use POST.',
    });
  },
);

t.test('the root leads to the description of the API', async (t) => {
  for (const door of ['network', 'socket'] as const) {
    const rig = await makeRig(door);
    t.teardown(() => rig.close());
    const answer = await rig.app.inject({ url: '/' });
    t.match(answer, { statusCode: 302, headers: { location: '/docs' } });
  }
});

t.test('a number in a URL is written in decimal digits', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const limit of ['0x10', '1e2', '0b11', '5n', '5.0', '+5', 'true', '1_0'])
    t.match(
      await rig.call('GET', `/services?limit=${encodeURIComponent(limit)}`),
      { status: 400, body: { errors: { limit: 'must be a whole number from 1 to 1000' } } },
      limit,
    );
  t.match(await rig.call('GET', '/services?limit=16'), { status: 200 });
});
