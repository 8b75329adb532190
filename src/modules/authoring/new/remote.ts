/** A product whose services are accounts on servers of the operator. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function remoteScaffold(words: Words): Scaffold {
  return {
    summary:
      'Sells accounts on servers of the operator, through a JSON API. A plan holds the size of an account.',
    texts: {
      en: { refused: 'The server of the account did not accept the request.' },
      de: { refused: 'Der Server des Kontos hat die Anfrage nicht angenommen.' },
    },
    conformance: CONFORMANCE,
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the jobs of the module: a server in memory. */
export default () => {
  const accounts = new Map();
  return {
    settings: {},
    plan: { data: { gb: 5 } },
    server: { credentials: { token: { secret: 'server.token' } } },
    secrets: { 'server.token': 'canary-of-the-server' },
    http({ method = 'GET', url, json, bearer }, reveal) {
      if (reveal(bearer) !== 'canary-of-the-server') return { status: 401 };
      const id = url.split('/').at(-1);
      if (method === 'DELETE') return { status: accounts.delete(id) ? 204 : 404 };
      if (method === 'PUT') accounts.set(id, { active: true, ...accounts.get(id), ...json });
      return accounts.has(id) ? { status: 200, json: accounts.get(id) } : { status: 404 };
    },
    things: () => [...accounts.keys()].map((id) => \`account \${id}\`),
  };
};
`;

const moduleOf = (words: Words): string => `import { AgentError, RemoteProduct } from 'innkeeper/module';

export default class ${words.className} extends RemoteProduct {
${infoOf(words)}

  settings = { type: 'object', properties: {}, additionalProperties: false };

  /** Operators add servers with their credentials. The module gets references in place of the credentials. */
  servers = {
    credentials: {
      type: 'object',
      properties: { token: { type: 'string', minLength: 1, description: 'Token of the API' } },
      required: ['token'],
      additionalProperties: false,
    },
  };

  /** What a plan holds. */
  productData = {
    type: 'object',
    properties: { gb: { type: 'integer', minimum: 1, default: 1, description: 'Size in GB' } },
    additionalProperties: false,
  };

  async testConnection(context) {
    const { status } = await request(context, 'GET', 'status');
    if (status === 401 || status === 403) throw failure(context, status);
  }

  /** A server that does not respond throws, so it is never mistaken for a missing account. */
  async inspect(context) {
    const { status, body } = await request(context, 'GET', nameOf(context));
    if (status === 404) return { exists: false };
    if (status !== 200) throw failure(context, status);
    return { exists: true, active: JSON.parse(body).active };
  }

  /** \`PUT\` with a name of our own can be repeated. */
  async create(context) {
    const { service, plan } = context;
    await put(context, { owner: service.email, gb: plan.data.gb, active: true });
  }

  async remove(context) {
    const { status } = await request(context, 'DELETE', nameOf(context));
    if (status !== 204 && status !== 404) throw failure(context, status);
  }

  async suspend(context) {
    await put(context, { active: false });
  }

  async unsuspend(context) {
    await put(context, { active: true });
  }

  async changePlan(context) {
    await put(context, { gb: context.plan.data.gb });
  }
}

const nameOf = ({ service }) => \`\${service.panel}-\${service.id}\`;

async function put(context, json) {
  const { status } = await request(context, 'PUT', nameOf(context), json);
  if (status !== 200) throw failure(context, status);
}

function request({ http, server }, method, name, json) {
  const body = json === undefined ? {} : { json };
  return http.request({ ...server.http, url: \`/accounts/\${name}\`, method, bearer: server.credentials.token, ...body });
}

function failure({ t }, status) {
  return new AgentError('remote_failed', t('refused'), { detail: \`status \${status}\` });
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeService')}
test('an account is made, suspended and removed', async () => {
  const environment = conformance();
  const service = fakeService({ folder, ...environment });
  const product = new ${words.className}();
  const job = await service.run(product, 'create');
  assert.equal(job.outcome, 'completed', job.error?.detail);
  assert.deepEqual(environment.things(), ['account default-12']);
  assert.equal((await service.run(product, 'suspend', { args: { reason: 'billing' } })).outcome, 'completed');
  assert.equal((await service.run(product, 'delete')).outcome, 'completed');
  assert.deepEqual(environment.things(), []);
});

test('a server that refuses the token is an error', async () => {
  const service = fakeService({ folder, ...conformance(), secrets: { 'server.token': 'old' } });
  const job = await service.run(new ${words.className}(), 'create');
  assert.equal(job.outcome, 'failed');
  assert.equal(job.error.code, 'remote_failed');
});
`;
