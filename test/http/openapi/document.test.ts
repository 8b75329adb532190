import t from 'tap';
import { ACCESS, isChange, limitOf } from '../../../src/http/guards/access.js';
import { operationsOf } from '../../tools/api-docs.js';
import { at, inlined } from '../inlined.js';
import { fields, makeRig } from '../harness.js';

async function documentAt(door: 'network' | 'socket'): Promise<Record<string, unknown>> {
  const rig = await makeRig(door);
  try {
    return fields(JSON.parse(JSON.stringify(rig.app.swagger())));
  } finally {
    await rig.close();
  }
}

const document = await documentAt('socket');
const operations = operationsOf(document);
const whole = operationsOf(fields(inlined(document, document)));
const routeOf = (name: string): string => name.replace(/\{([a-z]+)\}/g, ':$1');

/** Every schema in a part of the document, with where it is. */
function schemasIn(part: unknown, path: string, found: [string, Record<string, unknown>][] = []) {
  if (typeof part !== 'object' || part === null) return found;
  for (const [key, value] of Object.entries(part)) {
    if (key === 'example' || key === 'examples') continue;
    const here = `${path}/${key}`;
    if (key === 'properties')
      for (const [name, property] of Object.entries(fields(value))) {
        found.push([`${here}/${name}`, fields(property)]);
        schemasIn(property, `${here}/${name}`, found);
      }
    else schemasIn(value, here, found);
  }
  return found;
}

t.test('every call has a name of its own for generated clients', async (t) => {
  const ids = operations.map(({ description }) => String(description['operationId']));
  t.equal(new Set(ids).size, ids.length);
  for (const id of ids) t.match(id, /^[a-z]+(?:[A-Z][a-z]+)*$/);
});

t.test('every property, parameter and header says what it means', async (t) => {
  const properties = schemasIn(document, '');
  t.ok(properties.length > 250, `${properties.length} properties`);
  const silent = properties.filter(([, property]) => {
    const { $ref, anyOf, description } = property;
    if (typeof description === 'string' && description !== '') return false;
    const reference = $ref ?? fields(fields(anyOf)['0'])['$ref'];
    return typeof reference !== 'string' || !fields(at(reference, document))['description'];
  });
  t.same(
    silent.map(([path]) => path),
    [],
  );
  for (const { name, description } of whole) {
    const { parameters } = description;
    for (const parameter of Array.isArray(parameters) ? parameters.map(fields) : [])
      t.match(parameter, { description: /^\S.*\.$/s }, `${name} ${String(parameter['name'])}`);
    for (const response of Object.values(fields(description['responses'])))
      for (const [header, said] of Object.entries(fields(fields(response)['headers'])))
        t.match(said, { description: /\.$/ }, `${name} ${header}`);
  }
});

t.test('what many calls share is described once', async (t) => {
  const schemas = Object.keys(fields(fields(document['components'])['schemas']));
  for (const name of [
    'Service',
    'Status',
    'Job',
    'Event',
    'Plan',
    'Alert',
    'Failure',
    'Backup',
    'Domain',
    'Zone',
  ])
    t.ok(schemas.includes(name), name);
  const text = JSON.stringify(document);
  const references = new Set([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference = '']) => reference));
  for (const reference of references) t.type(at(reference, document), 'object', reference);
  for (const name of schemas) t.ok(references.has(`#/components/schemas/${name}`), `${name} is used`);
  t.notMatch(text, /"x-(?:example|here|all-of)"/, 'no notes of ours are left');
});

t.test('the description says where else the agent can be', async (t) => {
  const { servers } = document;
  t.match(servers, [{ url: '/' }, { url: '{agent}', variables: { agent: { default: /^https:/ } } }]);
});

t.test('calls name the headers that they heed, and the answers that their kind can get', async (t) => {
  for (const { name, description } of whole) {
    const [method = '', url = ''] = routeOf(name).split(' ');
    const rule = ACCESS[`${method} ${url}`];
    const { parameters } = description;
    const sent = (Array.isArray(parameters) ? parameters.map(fields) : []).filter(
      (one) => one['in'] === 'header',
    );
    const headers = sent.map((one) => String(one['name']));
    t.ok(headers.includes('X-Request-Id'), name);
    t.equal(headers.includes('Idempotency-Key'), method === 'POST' && isChange(method, url), name);
    const responses = fields(description['responses']);
    // the job of a module can take ten minutes, so no call waits for it
    const isOfModule = url.startsWith('/modules/');
    t.equal(
      headers.includes('Prefer'),
      'job_id' in successFields(responses, '202') &&
        url !== '/create-site' &&
        !url.endsWith('/retry') &&
        !isOfModule,
      name,
    );
    t.equal('429' in responses, limitOf(method, url) !== undefined, `429 of ${name}`);
    const isGuarded = rule?.access !== 'public' && rule?.listener === 'both';
    for (const status of ['401', '403']) t.equal(status in responses, isGuarded, `${status} of ${name}`);
    for (const [status, response] of Object.entries(responses)) {
      const { headers: told } = fields(response);
      t.ok('X-Request-Id' in fields(told), `${name} ${status}`);
      t.equal('Retry-After' in fields(told), status === '429' || status === '503', `${name} ${status}`);
      t.equal('WWW-Authenticate' in fields(told), status === '401', `${name} ${status}`);
    }
  }
});

function successFields(responses: Record<string, unknown>, status: string): Record<string, unknown> {
  const content = fields(fields(responses[status])['content']);
  return fields(fields(fields(content['application/json'])['schema'])['properties']);
}

t.test('every JSON answer has an example, and that of an order is an order', async (t) => {
  for (const { name, description } of operations)
    for (const [status, response] of Object.entries(fields(description['responses']))) {
      const media = fields(fields(fields(response)['content'])['application/json']);
      if (!('schema' in media) || name === 'GET /openapi.json') continue;
      t.equal(fields(media['example'])['success'], Number(status) < 400, `${name} ${status}`);
    }
  const order = whole.find(({ name }) => name === 'POST /create-site');
  const answers = fields(order?.description['responses']);
  t.match(exampleIn(answers['202']), { success: true, status: 'processing', service_id: '12345' });
  t.match(exampleIn(answers['200']), { success: true, status: 'running' });
  for (const status of ['200', '202']) t.notMatch(JSON.stringify(exampleIn(answers[status])), /terminated/);
});

function exampleIn(response: unknown): Record<string, unknown> {
  return fields(fields(fields(fields(response)['content'])['application/json'])['example']);
}
