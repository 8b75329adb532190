import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { checkEmail, checkOrder, type SiteRequest } from '../../src/services/check-order.js';
import { operations } from '../fakes/operations.js';

const ORDER: SiteRequest = {
  service_id: 12,
  email: ' Anna@Example.com ',
  plan: ' basic ',
  public_ip: '203.0.113.10',
};
const RULES = {
  baseDomain: 'sites.example.net',
  blocked: ['blocked.example'],
  infrastructure: ['mail.own.test'],
  reservedNames: new Set(['brand']),
  ownNetworks: ['127.0.0.0/8'],
};
const check = (also: Partial<SiteRequest> = {}) => checkOrder({ ...ORDER, ...also }, RULES);
/** Fields of the refusal; undefined when it is accepted. */
function problems(also: Partial<SiteRequest>): string[] | undefined {
  try {
    check(also);
    return undefined;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return [error.code, ...Object.keys(error.fields ?? {})];
  }
}

t.test('an order is read with its defaults', async (t) => {
  t.match(check(), {
    id: '12',
    email: { address: 'Anna@example.com' },
    planWord: 'basic',
    publicIps: ['203.0.113.10'],
  });
  const { subdomain, domain, userId, module, properties, reservation, locale } = check();
  t.same(
    [subdomain, domain, userId, module, properties, reservation, locale],
    Array.from({ length: 7 }, () => undefined),
  );
  t.match(
    check({
      user_id: 7,
      module: 'shop',
      properties: { a: 1 },
      reservation: 'r',
      locale: ' pt-br ',
      subdomain: ' Shop ',
    }),
    {
      userId: '7',
      module: 'shop',
      properties: { a: 1 },
      reservation: 'r',
      locale: 'pt-BR',
      subdomain: 'shop',
    },
  );
});

t.test('every wrong field is named', async (t) => {
  const addresses = (count: number) => Array.from({ length: count }, (_, n) => `203.0.113.${n + 1}`);
  for (const [also, fields] of [
    [{ service_id: '.a' }, ['service_id']],
    [{ email: 'anna' }, ['email']],
    [{ plan: ' ' }, ['plan']],
    [{ public_ip: [] }, ['public_ip']],
    [{ public_ip: '10.1' }, ['public_ip']],
    [{ public_ip: ['203.0.113.1', 'x'] }, ['public_ip']],
    [{ public_ip: addresses(17) }, ['public_ip']],
    [{ public_ip: '169.254.1.1' }, ['public_ip']],
    [{ locale: 'german' }, ['locale']],
    [{ subdomain: '-a', plan: '' }, ['plan', 'subdomain']],
    [{ service_id: '', email: '', plan: '' }, ['service_id', 'email', 'plan']],
  ] as const)
    t.same(problems(also), ['invalid_request', ...fields], JSON.stringify(also));
  t.equal(problems({ public_ip: addresses(16) }), undefined);
  t.equal(problems({ public_ip: '127.0.0.5' }), undefined, 'where a proxy of ours stands');
});

t.test('properties take at most 16384 bytes', async (t) => {
  const text = (bytes: number) => ({ properties: { a: 'x'.repeat(bytes - '{"a":""}'.length) } });
  t.equal(problems(text(16_384)), undefined);
  t.same(problems(text(16_385)), ['invalid_request', 'properties']);
});

t.test('a name that is reserved or no label is refused as such, when all else is right', async (t) => {
  for (const subdomain of ['www', 'Brand', 'ns1', '-a', 'a b', '']) {
    t.same(problems({ subdomain }), ['name_reserved', 'subdomain'], subdomain);
    t.same(problems({ subdomain, email: '' })?.[0], 'invalid_request');
  }
  t.same(problems({ subdomain: 'www', plan: '' }), ['invalid_request', 'plan', 'subdomain']);
});

t.test('addresses are written in one way, each once', async (t) => {
  t.same(check({ public_ip: [' 2001:DB8::0:1 ', '2001:db8::1', '203.0.113.1'] }).publicIps, [
    '2001:db8::1',
    '203.0.113.1',
  ]);
});

t.test('a domain that cannot be used is kept with the reason, and refuses no order', async (t) => {
  const domain = (sent: string) => check({ domain: sent }).domain;
  t.equal(domain(' '), undefined);
  t.same(domain(' Shop.Example.com '), { name: 'shop.example.com', problem: null });
  t.match(domain('a b'), { name: 'a b', problem: /^a b is not a domain name/ });
  for (const ours of ['sites.example.net', 'a.sites.example.net'])
    t.match(domain(ours), { name: ours, problem: new RegExp(`^${ours} is `) });
  t.match(domain('asites.example.net'), { problem: null });
  for (const never of ['co.uk', 'github.io', 'example.net', 'x.blocked.example', 'mail.own.test'])
    t.match(domain(never), {
      name: never,
      problem: new RegExp(`^Expected a domain of your own, found ${never}`),
    });
  t.match(domain('example.co.uk'), { problem: null });
});

t.test('an address that the product cannot hold is refused', async (t) => {
  const { product } = operations();
  const email = check().email;
  t.doesNotThrow(() => checkEmail(product.sold, email));
  const declared = { ...product.sold.declared, ownerEmail: { maxLength: 15 } };
  t.throws(() => checkEmail({ ...product.sold, declared }, email), {
    code: 'invalid_request',
    fields: { email: 'must not be longer than 15 characters in WordPress' },
  });
  const longer = { ...declared, ownerEmail: { maxLength: 16 } };
  t.doesNotThrow(() => checkEmail({ ...product.sold, declared: longer }, email));
});
