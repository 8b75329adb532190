import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { acmeIssuer } from '../../../src/drivers/issuer/acme/index.js';
import type { KeptAccount } from '../../../src/drivers/issuer/contract.js';

type Answer = (asked: IncomingMessage, answer: ServerResponse) => void;

const problem = (status: number, type: string, detail: string): Answer => {
  const body = JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status });
  return (_, answer) => answer.writeHead(status, { 'content-type': 'application/problem+json' }).end(body);
};

const CALLS = ['directory', 'nonce', 'account', 'order'] as const;

/** The beginning of an order, up to where `spoil` answers instead. */
async function authority(t: Test): Promise<{ url: string; spoil: Partial<Record<string, Answer>> }> {
  const spoil: Partial<Record<string, Answer>> = {};
  const server = createServer((asked, answer) => {
    asked.resume();
    const call = (asked.url ?? '/').slice(1);
    answer.setHeader('replay-nonce', `n${Math.random()}`);
    const spoiled = spoil[call];
    if (spoiled) spoiled(asked, answer);
    else if (call === 'directory')
      answer.end(
        JSON.stringify({ newNonce: `${url}nonce`, newAccount: `${url}account`, newOrder: `${url}order` }),
      );
    else if (call === 'account')
      answer.writeHead(201, { location: `${url}account/1` }).end('{"status":"valid"}');
    else answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, spoil };
}

function issuerAt(url: string, timeoutS = 30) {
  const kept = new Map<string, KeptAccount>();
  return acmeIssuer(
    {
      enabled: true,
      directory_url: `${url}directory`,
      email: null,
      ca_file: null,
      caa_identities: [],
      certificates_per_domain_week: 50,
      certificates_per_set_week: 5,
      refusals_per_name_hour: 5,
      timeout_s: timeoutS,
    },
    {
      clock: systemClock,
      accounts: {
        find: (directory) => kept.get(directory),
        save: async (directory, account) => void kept.set(directory, account),
      },
    },
  );
}

const challenges = { put: async () => {}, remove: async () => {} };
const call = { signal: new AbortController().signal };

t.test(
  'an authority that breaks down at any call has refused nothing: the order is made again',
  async (t) => {
    const { url, spoil } = await authority(t);
    const breakdowns: readonly (readonly [string, Answer])[] = [
      ['503 with a problem', problem(503, 'serverInternal', 'Service busy; retry later.')],
      ['500 with a problem', problem(500, 'serverInternal', 'Something went wrong')],
      ['502 of a gateway', (_, answer) => answer.writeHead(502).end('<html>Bad Gateway</html>')],
      ['a closed connection', (asked) => asked.socket.destroy()],
      [
        'half an answer',
        (_, answer) => {
          answer.writeHead(200, { 'content-length': 1000 }).write('{"status"');
          setTimeout(() => answer.destroy(), 10);
        },
      ],
    ];
    for (const at of CALLS)
      for (const [name, answer] of breakdowns) {
        spoil[at] = answer;
        await t.rejects(
          issuerAt(url).issue(['shop.example.org'], challenges, call),
          { code: 'certificate_unreachable', retryable: true, system: 'issuer' },
          `${name} at ${at}`,
        );
        Reflect.deleteProperty(spoil, at);
      }
  },
);

t.test('a redirect, a page or a closed account is no verdict about the order', async (t) => {
  const { url, spoil } = await authority(t);
  const page =
    (status: number): Answer =>
    (_, answer) =>
      answer
        .writeHead(status, { 'content-type': 'text/html' })
        .end('<!doctype html><html><head><title>Login</title></head><body>Please log in</body></html>');
  const refusals: readonly (readonly [string, Answer, RegExp])[] = [
    ['302', (_, answer) => answer.writeHead(302, { location: `${url}elsewhere` }).end(), /^302 a redirect/],
    ['308', (_, answer) => answer.writeHead(308, { location: `${url}elsewhere` }).end(), /^308 a redirect/],
    ['200 with a page', page(200), /^200 .*Login/],
    ['403 with a page', page(403), /^403 .*Login/],
    ['no account', problem(400, 'accountDoesNotExist', 'No such account'), /^400 No such account/],
  ];
  for (const at of CALLS)
    for (const [name, answer, detail] of refusals) {
      // the answer to a HEAD request has no body
      if (at === 'nonce' && !/^30/.test(name)) continue;
      spoil[at] = answer;
      await t.rejects(
        issuerAt(url).issue(['shop.example.org'], challenges, call),
        { code: 'authority_refused', failure: 'refused_us', system: 'issuer', detail },
        `${name} at ${at}`,
      );
      Reflect.deleteProperty(spoil, at);
    }
});

t.test('an authority that is silent, or drips, is given up when the time is over', async (t) => {
  const { url, spoil } = await authority(t);
  const silences: readonly Answer[] = [
    () => {},
    (_, answer) => {
      answer.writeHead(200, { 'content-length': 100_000 });
      const drip = setInterval(() => answer.write(' '), 20);
      answer.on('close', () => clearInterval(drip));
    },
  ];
  for (const silence of silences) {
    spoil['order'] = silence;
    await t.rejects(issuerAt(url, 0.3).issue(['shop.example.org'], challenges, call), {
      code: 'certificate_unreachable',
      retryable: true,
    });
  }
});

t.test('what the authority itself refuses is told in its words', async (t) => {
  const { url, spoil } = await authority(t);
  spoil['order'] = problem(403, 'rejectedIdentifier', 'The server will not issue for this name');
  await t.rejects(issuerAt(url).issue(['shop.example.org'], challenges, call), {
    code: 'certificate_refused',
    retryable: false,
    message: /will not issue for this name/,
  });
  spoil['order'] = problem(429, 'rateLimited', 'too many certificates already issued for example.org');
  await t.rejects(issuerAt(url).issue(['shop.example.org'], challenges, call), {
    code: 'certificate_refused',
    message: /too many certificates already issued/,
  });
});

t.test('of several names the error says which were refused, and every name was tried', async (t) => {
  const { url, spoil } = await authority(t);
  const say =
    (body: object, status = 200): Answer =>
    (_, answer) =>
      answer
        .writeHead(status, { 'content-type': 'application/json', location: `${url}order/1` })
        .end(JSON.stringify(body));
  const names = ['www.example.org', 'example.org'];
  const challenge = (name: string) => ({
    type: 'http-01',
    url: `${url}challenge-${name}`,
    token: `t-${name}`,
  });
  spoil['order'] = say(
    {
      status: 'pending',
      authorizations: names.map((name) => `${url}authz-${name}`),
      finalize: `${url}finalize`,
    },
    201,
  );
  for (const name of names)
    spoil[`authz-${name}`] = say({
      status: 'pending',
      identifier: { type: 'dns', value: name },
      challenges: [{ ...challenge(name), status: 'pending' }],
    });
  const detail = 'CAA record for www.example.org prevents issuance';
  spoil['challenge-www.example.org'] = say({
    ...challenge('www.example.org'),
    ...{ status: 'invalid', error: { type: 'urn:ietf:params:acme:error:caa', detail, status: 403 } },
  });
  spoil['challenge-example.org'] = say({ ...challenge('example.org'), status: 'valid' });
  const put: string[] = [];
  const noting = { ...challenges, put: async (token: string) => void put.push(token) };
  const refused = { 'www.example.org': `The certificate authority refused: ${detail}.` };
  const issue = () => issuerAt(url).issue(names, noting, call);
  const first: unknown = await issue().catch((error: unknown) => error);
  t.match(first, { code: 'certificate_refused', fields: refused });
  t.same(Object.keys(fieldsOf(first)), ['www.example.org']);
  t.same(put, ['t-www.example.org', 't-example.org']);

  const subproblems = [
    { type: 'x', detail, identifier: { type: 'dns', value: 'www.example.org' } },
    { detail: 'y' },
  ];
  spoil['order'] = say(
    { type: 'urn:ietf:params:acme:error:caa', detail: 'see subproblems', subproblems },
    403,
  );
  const second: unknown = await issue().catch((error: unknown) => error);
  t.match(second, { code: 'certificate_refused', fields: refused });
});

function fieldsOf(error: unknown): object {
  return error instanceof AgentError ? (error.fields ?? {}) : {};
}
