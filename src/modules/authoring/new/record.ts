/** A product that consists of a record: a licence, an account in this agent, a membership. */
import { infoOf, type Scaffold, testHead, type Words } from './scaffold.js';

export function recordScaffold(words: Words): Scaffold {
  return {
    summary: 'Sells licence keys. A plan holds the number of seats, and every service gets a key.',
    texts: {
      en: {
        welcome: 'Your key is valid for {seats, plural, one {# seat} other {# seats}}.',
        too_many_seats: 'A licence has at most {most} seats.',
      },
      de: {
        welcome: 'Ihr Schlüssel gilt für {seats, plural, one {# Platz} other {# Plätze}}.',
        too_many_seats: 'Eine Lizenz hat höchstens {most} Plätze.',
      },
    },
    conformance: CONFORMANCE,
    module: moduleOf(words),
    test: testOf(words),
  };
}

const CONFORMANCE = `/** The environment in which \`innkeeper module check\` runs the jobs of the module. A new one is made for every run. */
export default () => ({
  settings: { prefix: 'TEST' },
  plan: { data: { seats: 5 } },
  properties: {},
});
`;

const moduleOf = (words: Words): string => `import { AgentError, RecordProduct } from 'innkeeper/module';

const MOST_SEATS = 1000;

export default class ${words.className} extends RecordProduct {
${infoOf(words)}

  /** What the operator sets in the configuration, under \`products.${words.name}\`. */
  settings = {
    type: 'object',
    properties: {
      prefix: {
        type: 'string',
        pattern: '^[A-Z]{2,8}$',
        default: 'KEY',
        description: 'The first part of every key',
      },
    },
    additionalProperties: false,
  };

  /** What a plan holds. */
  productData = {
    type: 'object',
    properties: { seats: { type: 'integer', minimum: 1, default: 1, description: 'Number of seats' } },
    additionalProperties: false,
  };

  /** What an order may set, and what the module saves. */
  serviceData = {
    type: 'object',
    properties: {
      holder: { type: 'string', maxLength: 100, transform: ['trim'], changeable: true },
      key: { type: 'string' },
      seats: { type: 'integer' },
      state: { type: 'string', enum: ['active', 'suspended'] },
      welcome: { type: 'string' },
    },
  };

  /** Runs again after a crash, so everything in it can be repeated. */
  async create({ plan, settings, service, secrets, crypto, saveData, t }) {
    const { seats } = plan.data;
    refuseTooMany(seats, t);
    // the secret is made once, so the key is the same if this runs again
    const secret = await secrets.ensure('key_seed', 32);
    const digest = await crypto.hmac({ algorithm: 'sha256', key: secret, parts: [service.id] });
    const key = \`\${settings.prefix}-\${digest.slice(0, 16).toUpperCase()}\`;
    await saveData({ key, seats, state: 'active', welcome: t('welcome', { seats }) });
  }

  async suspend({ saveData }) {
    await saveData({ state: 'suspended' });
  }

  async unsuspend({ saveData }) {
    await saveData({ state: 'active' });
  }

  async changePlan({ plan, saveData, t }) {
    const { seats } = plan.data;
    refuseTooMany(seats, t);
    await saveData({ seats, welcome: t('welcome', { seats }) });
  }
}

/** Customers may read the message of an AgentError. What only operators may read belongs into \`detail\`. */
function refuseTooMany(seats, t) {
  if (seats > MOST_SEATS)
    throw new AgentError('invalid_request', t('too_many_seats', { most: MOST_SEATS }), { retryable: false });
}
`;

const testOf = (words: Words): string => `${testHead(words, 'fakeService')}
test('a service gets a key, and keeps it', async () => {
  const service = fakeService({ folder, ...conformance() });
  const product = new ${words.className}();
  assert.equal((await service.run(product, 'create')).outcome, 'completed');
  const { key } = service.data;
  assert.match(key, /^TEST-[0-9A-F]{16}$/);
  assert.equal(service.data.welcome, 'Your key is valid for 5 seats.');

  await service.run(product, 'suspend', { args: { reason: 'billing' } });
  assert.equal(service.data.state, 'suspended');
  await service.run(product, 'create');
  assert.equal(service.data.key, key);
});

test('texts are in the language of the customer', async () => {
  const service = fakeService({ folder, ...conformance(), plan: { data: { seats: 1 } }, service: { locale: 'de' } });
  await service.run(new ${words.className}(), 'create');
  assert.equal(service.data.welcome, 'Ihr Schlüssel gilt für 1 Platz.');
});

test('too many seats are refused', async () => {
  const service = fakeService({ folder, ...conformance(), plan: { data: { seats: 5000 } } });
  const job = await service.run(new ${words.className}(), 'create');
  assert.equal(job.error.code, 'invalid_request');
});
`;
