import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import type { Service } from '../../src/model/service.js';
import { testConfig } from '../fakes/config.js';
import { guest, makeRig, ORDER, type Rig, view } from '../http/harness.js';
import { type Changes, flat } from '../fakes/parts.js';

const KEY = 'default/12345';
const order = (rig: Rig, also: object = {}, token?: string) =>
  rig.call('POST', '/create-site', { ...ORDER, ...also }, token);

/** As the job engine ends a creation. */
const completed = (service: Service): Changes => ({
  lifecycle: 'active',
  activeAt: '2026-03-01T12:01:00.000Z',
  jobs: service.jobs.map((job) => ({ ...job, status: 'completed', endedAt: '2026-03-01T12:01:00.000Z' })),
});
const undone = (service: Service): Changes => ({
  lifecycle: 'failed',
  vmid: null,
  addresses: [],
  jobs: service.jobs.map((job) => ({ ...job, status: 'failed', endedAt: '2026-03-01T12:01:00.000Z' })),
});

t.test('an order is recorded with its job before it is answered', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const answer = await order(rig, {
    service_id: 12345,
    user_id: 9,
    domain: 'Shop.Example.ORG',
    properties: { theme: 'x' },
  });
  t.equal(answer.status, 202);
  t.match(answer.body, {
    success: true,
    service_id: '12345',
    subdomain: 'customer',
    fqdn: 'customer.sites.example.net',
    url: 'https://customer.sites.example.net',
    private_ip: '10.0.0.10',
    vmid: 10_000,
    status: 'processing',
  });
  const service = await rig.state.services.get(KEY);
  const [job] = service.jobs;
  t.equal(job?.id, answer.body['job_id']);
  t.match(job, {
    method: 'create',
    status: 'queued',
    tags: ['create'],
    requestId: answer.headers['x-request-id'],
    pinned: {
      module: { type: 'product', name: 'wordpress', version: '1.0.0' },
      plan: { name: 'basic' },
      settings: { locale: 'en_US' },
    },
    policy: { tries: 5, backoffS: 5, patienceS: 3600 },
    steps: [],
  });
  t.match(job?.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  t.match(service, {
    generation: 1,
    userId: '9',
    order: {
      email: 'customer@example.com',
      planWord: 'basic',
      publicIps: ['203.0.113.10'],
      domain: 'shop.example.org',
      properties: { theme: 'x' },
    },
    guest: {
      addresses: [
        { pool: 'small', address: '10.0.0.10', prefix: 24, gateway: '10.0.0.1' },
        { pool: 'six', address: 'fd00::2' },
      ],
    },
  });
  t.equal(rig.writes(), 1, 'one write');
});

t.test('the same order again gets the same answer, with the status of today', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const first = await order(rig);
  const again = await order(rig, {
    email: 'customer@EXAMPLE.com',
    plan: 'wordpress  BASIC',
    public_ip: ['203.0.113.99'],
  });
  t.equal(again.status, 202);
  t.same(again.body, first.body);
  await rig.change(KEY, completed);
  rig.cluster.view = view([guest(10_000)]);
  const later = await order(rig);
  t.equal(later.status, 200);
  t.same(later.body, { ...first.body, status: 'running' });
  rig.config.plans.splice(0, 1);
  t.equal((await order(rig)).status, 200, 'also when the plan is no longer sold');
  t.equal(rig.writes(), 2);
});

t.test('another order under the same id is refused and changes nothing', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await order(rig);
  for (const also of [
    { email: 'other@example.com' },
    { plan: 'premium' },
    { email: 'Customer@example.com' },
  ]) {
    const answer = await order(rig, also);
    t.equal(answer.status, 409);
    t.match(answer.body, { success: false, code: 'service_exists', error: /^Service 12345 already exists/ });
  }
  t.equal(rig.writes(), 1);
});

t.test('the id of one panel is another service than that of another', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const here = await order(rig);
  const there = await order(rig, { email: 'other@example.com' }, rig.tokens.staging);
  t.equal(there.status, 202);
  t.not(there.body['vmid'], here.body['vmid']);
});

t.test('after a failed creation that was undone the same call starts anew', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const first = await order(rig);
  await rig.change(KEY, undone);
  const again = await order(rig);
  t.equal(again.status, 202);
  t.not(again.body['job_id'], first.body['job_id']);
  t.equal(again.body['subdomain'], 'customer', 'the name was free again');
  const service = await rig.state.services.get(KEY);
  t.equal(service.generation, 2);
  t.same(
    service.jobs.map((job) => job.status),
    ['failed', 'queued'],
  );
});

t.test('a failed creation that could not be undone is not started over', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await order(rig);
  await rig.change(KEY, (service) => ({
    lifecycle: 'failed',
    jobs: service.jobs.map((job) => ({ ...job, status: 'stuck', endedAt: '2026-03-01T12:01:00.000Z' })),
  }));
  const again = await order(rig);
  t.equal(again.status, 409);
  t.match(again.body, { code: 'service_failed', error: /the operator must clean up what is left/ });
});

t.test('a terminated id begins a new life, with any plan and e-mail', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await order(rig);
  await rig.change(KEY, (service) => ({
    ...completed(service),
    lifecycle: 'terminated',
    vmid: null,
    addresses: [],
  }));
  const again = await order(rig, { email: 'new@example.com', plan: 'premium' });
  t.equal(again.status, 202);
  t.match(await rig.state.services.get(KEY), {
    generation: 2,
    email: 'new@example.com',
    plan: { name: 'premium' },
  });
});

t.test('fifty orders at once get fifty names, addresses and numbers', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => order(rig, { service_id: index })),
  );
  t.same(new Set(answers.map((answer) => answer.status)), new Set([202]));
  for (const field of ['subdomain', 'private_ip', 'vmid', 'job_id']) {
    t.equal(new Set(answers.map((answer) => answer.body[field])).size, 50, field);
  }
});

t.test('the same order sent twenty times at once makes one service and one job', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const answers = await Promise.all(Array.from({ length: 20 }, () => order(rig)));
  t.equal(new Set(answers.map((answer) => JSON.stringify(answer.body))).size, 1);
  t.equal(rig.writes(), 1);
});

t.test('what the cluster uses already is not given out', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.cluster.used = new Set(['10.0.0.10', 'fd00::2']);
  rig.cluster.view = view([guest(10_000), guest(10_001)]);
  t.match((await order(rig)).body, { private_ip: '10.0.0.11', vmid: 10_002 });
  t.same(
    flat(await rig.state.services.get(KEY)).addresses.map(({ address }) => address),
    ['10.0.0.11', 'fd00::3'],
  );
});

t.test('the next pool is used when the first is full; then the order waits', async (t) => {
  const config = testConfig();
  const [small, large] = config.addresses.pools;
  if (!small || !large) throw new Error('no pools');
  config.addresses.pools = [small, { ...large, last: '10.1.0.3' }];
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  const given: unknown[] = [];
  for (let id = 1; id <= 4; id += 1) given.push((await order(rig, { service_id: id })).body['private_ip']);
  t.same(given, ['10.0.0.10', '10.0.0.11', '10.1.0.2', '10.1.0.3']);
  t.match(
    await order(rig, { service_id: 5 }),
    { status: 202, body: { private_ip: null } },
    'see capacity.test',
  );
});

t.test('used up VMIDs are waited for', async (t) => {
  const config = testConfig();
  config.container_host.proxmox.vmids = { first: 10_000, last: 10_000 };
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  await order(rig);
  t.match(await order(rig, { service_id: 2 }), {
    status: 202,
    body: { vmid: null, warnings: [/^No VMID is left/] },
  });
});

t.test('a cluster without room, or without what the operator must provide, loses no order', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.behaviour.roomFor = (asked) => {
    t.match(asked, { resources: { memoryMb: 2048, diskGb: 20 }, source: { kind: 'template' } });
    throw new AgentError('capacity_exhausted', 'No node has room.');
  };
  t.match(await order(rig, { service_id: 6 }), { status: 202, body: { warnings: [/^No node has room/] } });
  rig.behaviour.roomFor = () => {
    throw new AgentError('template_missing', 'The template does not exist.', { role: 'container host' });
  };
  t.match(await order(rig, { service_id: 7 }), { status: 202 }, 'its job waits until there is a template');
  rig.behaviour.roomFor = () => {
    throw new AgentError('host_incomplete', 'It lacks a storage.', { role: 'container host' });
  };
  t.match(await order(rig, { service_id: 8 }), { status: 202 });
  rig.behaviour.roomFor = () => {
    throw new AgentError('capacity_exhausted', 'No node has room.');
  };
  rig.cluster.staleSince = 1;
  t.equal((await order(rig)).status, 202, 'while it cannot be seen, the order is taken and the job waits');
  rig.cluster.view = undefined;
  t.equal((await order(rig, { service_id: 2 })).status, 202, 'also before the first look');
});

t.test('a wished name is given, or refused with the reason', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  t.match(await order(rig, { subdomain: 'My-Shop' }), {
    status: 202,
    body: { fqdn: 'my-shop.sites.example.net' },
  });
  t.match(await order(rig, { service_id: 2, subdomain: 'my-shop' }), {
    status: 409,
    body: { code: 'name_taken' },
  });
  for (const subdomain of ['www', 'brand', '-a', 'a.b', 'ä', 'a'.repeat(64), 'xn--abc']) {
    t.match(
      await order(rig, { service_id: 3, subdomain }),
      { status: 400, body: { code: 'name_reserved' } },
      subdomain,
    );
  }
});

t.test('an address that the product would change is refused before anything is taken', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const email of ['müller@example.com', 'a&b@example.com', `${'a'.repeat(60)}@${'b'.repeat(50)}.com`]) {
    const answer = await order(rig, { email });
    t.match(
      answer,
      { status: 400, body: { code: 'invalid_request', error: /^email must not .*WordPress.*\.$/ } },
      email,
    );
    t.match(answer.body['errors'], { email: /^must not/ });
  }
  t.equal(rig.writes(), 0);
  t.match(await order(rig, { email: " o'neill+tag@Example.com \t" }), { status: 202 });
  t.equal(
    (await rig.state.services.get(KEY)).email,
    "o'neill+tag@example.com",
    'blanks around it are dropped',
  );
});

t.test('an order that was taken is answered again, whatever is refused today', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const first = await order(rig);
  await rig.change(KEY, (service) => ({
    email: 'müller@example.com',
    order: { ...service.order, email: 'müller@example.com' },
  }));
  t.same((await order(rig, { email: 'müller@example.com' })).body, first.body);
});

t.test('each wrong field is named in words', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const wrong: [object, string, RegExp][] = [
    [{ service_id: '.hidden' }, 'service_id', /must be 1 to 64/],
    [{ service_id: 1.5 }, 'service_id', /must be 1 to 64/],
    [{ service_id: -1 }, 'service_id', /must be 1 to 64/],
    [{ service_id: null }, 'service_id', /must be 1 to 64/],
    [{ service_id: '../../etc' }, 'service_id', /must be 1 to 64/],
    [{ email: 'nobody' }, 'email', /must be an e-mail address/],
    [{ email: 5 }, 'email', /must be an e-mail address/],
    [{ plan: ' ' }, 'plan', /must be the name of a plan/],
    [{ plan: ['basic'] }, 'plan', /must be the name of a plan/],
    [{ public_ip: '300.1.1.1' }, 'public_ip', /IPv4 or IPv6/],
    ...[
      '127.0.0.1',
      '::1',
      '0.0.0.0',
      '0.1.2.3',
      '::',
      '224.0.0.1',
      'ff02::1',
      '169.254.1.1',
      'fe80::1',
      '::ffff:127.0.0.1',
      '255.255.255.255',
    ].map((public_ip): [object, string, RegExp] => [{ public_ip }, 'public_ip', /that visitors can reach/]),
    [{ public_ip: [] }, 'public_ip', /IPv4 or IPv6/],
    [{ public_ip: ['203.0.113.1', 'x'] }, 'public_ip', /IPv4 or IPv6/],
    [{ user_id: {} }, 'user_id', /must be text/],
    // an empty list is what PHP makes of an empty object
    [{ properties: ['x'] }, 'properties', /must be an object/],
  ];
  for (const [also, field, words] of wrong) {
    const answer = await order(rig, also);
    t.equal(answer.status, 400, JSON.stringify(also));
    t.match(answer.body, { success: false, code: 'invalid_request', errors: { [field]: words } });
    t.match(answer.body['error'], new RegExp(`^${field} .*\\.$`));
  }
  t.match((await order(rig, { plan: ' ', email: 'x', public_ip: 'y' })).body['errors'], {
    plan: String,
    email: String,
    public_ip: String,
  });
  t.match(await order(rig, { plan: 'gold' }), {
    status: 400,
    body: { code: 'unknown_plan', errors: { plan: /basic, premium/ } },
  });
  t.match(await order(rig, { module: 'joomla' }), { status: 400, body: { code: 'unknown_module' } });
  t.equal(rig.writes(), 0);
});

t.test('what an order brings along is bounded, as it stays in the document of the service', async (t) => {
  const config = testConfig();
  const rig = await makeRig('network', { ...config, api: { ...config.api, body_limit_bytes: 1_048_576 } });
  t.teardown(() => rig.close());
  const refusal = { status: 400, body: { errors: { properties: 'must not exceed 16384 bytes' } } };
  for (const properties of [
    { a: 'x'.repeat(900_000) },
    Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`key${n}`, n])),
    { a: 'ü'.repeat(9_000) },
  ])
    t.match(await rig.call('POST', '/create-site', { ...ORDER, properties }), refusal);
  t.match(await rig.call('POST', '/create-site', { ...ORDER, properties: { a: 'x'.repeat(16_000) } }), {
    status: 202,
  });
});

t.test('an order that cannot be recorded is not accepted', async (t) => {
  const rig = await makeRig();
  await rig.state.close();
  t.teardown(() => rig.close());
  const answer = await order(rig);
  t.match(answer, { status: 503, body: { code: 'state_unavailable' } });
  t.ok(Number(answer.headers['retry-after']) > 0);
});
