/**
 * docs/api.md, made from the description that the application gives of itself, the table of errors and the list of
 * who may call what.
 */
import { format } from 'prettier';
import { EVENT_TYPES } from '../../src/model/service-event.js';
import { exampleOf } from '../../src/http/openapi/example.js';
import { EVENT_DATA } from '../../src/http/schemas/event-data.js';
import {
  JOB_STATUS_MEANINGS,
  LIFECYCLE_MEANINGS,
  POWER_MEANINGS,
  PROVISION_MEANINGS,
  STATUS_MEANINGS,
  STEP_MEANINGS,
} from '../../src/http/schemas/states.js';
import { type Lifecycle, mayBecome } from '../../src/model/service.js';
import { ERRORS } from '../../src/kernel/errors.js';
import { ACCESS, limitOf } from '../../src/http/guards/access.js';
import { PANEL_PERMISSIONS, PERMISSIONS } from '../../src/model/permissions.js';
import { type Example, examplesOf, exampleUrl } from '../http/examples.js';
import { inlined } from '../http/inlined.js';
import { fields, makeRig } from '../http/harness.js';

const INTRODUCTION = `# The REST API

\`npm run docs\` generates this page from the routes, and a test checks that the page is up to date. The file [openapi.json](openapi.json) contains the same description as OpenAPI 3.1. The agent serves this file at \`/openapi.json\`, and displays it in a browser at \`/docs\`.

## Every request

- **Authentication.** Send \`Authorization: Bearer <token>\`, except to endpoints marked "no token". Create tokens with \`innkeeper token create\`, replace their value with \`innkeeper token rotate\` (the old value remains valid for a while), and revoke them with \`innkeeper token revoke\`. A token belongs to a panel and cannot access the data of other panels.
- **Responses.** A successful response has \`"success": true\`. An error response is \`{"success": false, "error": "<one sentence a customer may read>", "code": "<see Errors>", "request_id": "..."}\`, with \`"errors": {"<field>": "<what is wrong>"}\` for every field that is missing or invalid.
- **Waiting.** Every response is sent within 20 s. If the job of the request is not finished by then, the response is 202 with a \`job_id\`, and the job continues. If the same request is sent again, it joins the open job. With \`Prefer: respond-async\`, the response is sent immediately. With \`Prefer: wait=5\`, it is sent after at most 5 s (RFC 7240).
- **Idempotency.** Send \`Idempotency-Key\` (1 to 255 characters) with a POST that changes something. If the same request is repeated with the same key within 24 hours, the agent sends the first response again (header \`Idempotency-Replayed: true\`) with the current status. A different request with the same key is refused with \`idempotency_mismatch\`. The agent stores only responses to requests that changed something. It does not store refusals (4xx), failures of the agent (5xx) or responses to a POST that only reads. For each token, the agent stores the newest 10,000 responses, up to 16 MiB.
- **Durability.** A request that got a 2xx response survives crashes and power cuts. Its job is completed, is rolled back with a recorded reason, or becomes \`stuck\` and raises an alert.
- **Repeating a failed order.** If a creation failed and was rolled back, the event \`service.failed\` contains the reason. The same \`POST /create-site\` then creates the site again. If you send an \`Idempotency-Key\`, use a new one. The alert \`order_failed\` notifies the operator, who can repeat the order with \`POST /services/{id}/retry\`.
- **Limits.** The number of reads and customer actions is limited per token (\`api.rate_limit\`). A request above the limit gets status 429 with \`Retry-After\`. Orders, deletions, suspensions and upgrades are not limited.
- **Unknown fields.** A request is never refused because of an unknown field. The field \`warnings\` of the response lists all unknown fields.
- **Formats.** A trailing slash is ignored, and \`/actions/x\` is the same as \`/action/x\`. Timestamps are RFC 3339 in UTC. Lists have the parameters \`limit\` (100 by default, at most 1,000) and \`cursor\`.
- **Modules.** Modules serve routes of their own at \`/modules/{type}/{name}/api/...\`. \`GET /modules/{type}/{name}\` and \`innkeeper module routes\` list them with the permissions that they need. A body that the module does not accept gets 422 with \`"errors"\`.
- **Tracing.** To find a request in the log by your own ID, send this ID in the header \`X-Request-Id\`. Every response contains this header.
`;

export async function apiDocs(): Promise<string> {
  const rig = await makeRig('socket');
  try {
    const document = fields(rig.app.swagger());
    const operations = operationsOf(fields(inlined(document, document)));
    const examples = examplesOf(document);
    const text = [
      INTRODUCTION,
      permissions(),
      contents(operations),
      ...sections(operationsOf(document), document, examples),
      objects(document),
      states(),
      events(),
      errors(),
    ];
    return await format(text.join('\n'), { parser: 'markdown', printWidth: 120 });
  } finally {
    await rig.close();
  }
}

interface Operation {
  /** `POST /create-site` */
  readonly name: string;
  readonly tag: string;
  readonly description: Record<string, unknown>;
}

export function operationsOf(document: Record<string, unknown>): Operation[] {
  return Object.entries(fields(document['paths'])).flatMap(([path, item]) =>
    Object.entries(fields(item)).map(([method, description]): Operation => {
      const known = fields(description);
      const { tags } = known;
      return {
        name: `${method.toUpperCase()} ${path}`,
        tag: Array.isArray(tags) ? String(tags[0]) : 'Other',
        description: known,
      };
    }),
  );
}

function permissions(): string {
  return `## Permissions\n\nThe permissions are ${PERMISSIONS.map((name) => `\`${name}\``).join(', ')}. \`admin\` includes all others. If no permissions are given, a new token gets the permissions that a panel needs: ${PANEL_PERMISSIONS.map((name) => `\`${name}\``).join(', ')}. A permission of a module has the form \`module:<type>/<name>:<key>\`. Every module has the key \`configuration\`, and declares the others.\n`;
}

/** As fastify writes it. */
const routeOf = (name: string): string => name.replace(/\{([a-z]+)\}/g, ':$1');

function contents(operations: readonly Operation[]): string {
  const rows = operations.map(({ name, tag, description }) => {
    const rule = ACCESS[routeOf(name)];
    const access = rule?.access === 'public' ? 'no token' : `\`${rule?.access ?? ''}\``;
    const where = rule?.listener === 'socket' ? 'unix socket' : '';
    const [method = '', path = ''] = routeOf(name).split(' ');
    const limit = where === '' ? (limitOf(method, path) ?? '') : where;
    return `| \`${name}\` | ${tag} | ${access} | ${limit} | ${String(description['summary'])} |`;
  });
  return `## All endpoints\n\n| endpoint | section | permission | limit | |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

type Examples = ReadonlyMap<string, Example>;
type Document = Record<string, unknown>;

function sections(operations: readonly Operation[], document: Document, examples: Examples): string[] {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return tags.flatMap((tag) => [
    `## ${tag}\n`,
    ...operations.filter((one) => one.tag === tag).map((one) => section(one, document, examples)),
  ]);
}

function section({ name, description }: Operation, document: Document, examples: Examples): string {
  return [
    `### ${name}\n`,
    `${textOf(description['summary'])}. ${textOf(description['description'])}\n`,
    inputs(description, document),
    call(examples, name),
    ...answers(description, document),
  ].join('\n');
}

function inputs({ parameters, requestBody }: Record<string, unknown>, document: Document): string {
  const all = Array.isArray(parameters) ? parameters.map(fields) : [];
  const sent = all
    .filter((one) => one['in'] === 'path' || one['in'] === 'query')
    .map((one) => {
      const schema = { ...fields(one['schema']), description: one['description'] };
      return inputRow(String(one['name']), String(one['in']), one['required'] === true, schema);
    });
  const content = fields(fields(requestBody)['content']);
  const body = fields(inlined(fields(content['application/json'])['schema'], document));
  const items = body['type'] === 'array' ? fields(body['items']) : body;
  const required = Array.isArray(items['required']) ? items['required'] : [];
  const inBody = Object.entries(fields(items['properties'])).map(([field, schema]) =>
    inputRow(field, 'body', required.includes(field), fields(schema)),
  );
  const rows = [...sent, ...inBody];
  return rows.length > 0 ? `| field | in | type | |\n|---|---|---|---|\n${rows.join('\n')}\n` : '';
}

function inputRow(field: string, where: string, required: boolean, schema: Record<string, unknown>): string {
  const rule = schema['x-rule'] === undefined ? '' : ` The value ${textOf(schema['x-rule'])}.`;
  const text = `${textOf(schema['description'])}${rule}`;
  return `| \`${field}\`${required ? '' : ' (optional)'} | ${where} | ${typeOf(schema)} | ${cell(text)} |`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** In words; what is shared is linked. */
function typeOf(schema: Record<string, unknown>): string {
  const { $ref, type, enum: words, const: only, anyOf, items, format } = schema;
  if (typeof $ref === 'string') return linkTo($ref);
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((one) => typeOf(fields(one))))].join(' or ');
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  const types = [type]
    .flat()
    .map((one) => (one === 'string' && format === 'date-time' ? 'timestamp' : textOf(one)));
  if (Array.isArray(words) && words.length <= 8)
    return words.map((one) => (one === null ? 'null' : `\`${String(one)}\``)).join(', ');
  if (types.includes('array'))
    return `list of ${typeOf(fields(items))}${types.includes('null') ? ' or null' : ''}`;
  return types.join(' or ') || 'string';
}

function linkTo(reference: string): string {
  const name = reference.split('/').at(-1) ?? '';
  return `[${name}](#${name.toLowerCase()})`;
}

function call(examples: Examples, name: string): string {
  const route = routeOf(name);
  const example = examples.get(route);
  if (!example) return '';
  const [method = ''] = route.split(' ');
  const body = example.body === undefined ? '' : `\n\n${JSON.stringify(example.body, null, 2)}`;
  return `\`\`\`http\n${method} ${exampleUrl(route, example)}${body}\n\`\`\`\n`;
}

function answers(operation: Record<string, unknown>, document: Document): string[] {
  const all = Object.entries(fields(operation['responses']));
  const good = all
    .filter(([status]) => status.startsWith('2'))
    .map(([status, one]) => goodAnswer(status, fields(one)));
  const failed = all
    .filter(([status]) => !status.startsWith('2'))
    .map(([status, one]) => `| ${status} | ${cell(textOf(fields(inlined(one, document))['description']))} |`);
  return [...good, `| failure | |\n|---|---|\n${failed.join('\n')}\n`];
}

function goodAnswer(status: string, { description, content }: Record<string, unknown>): string {
  const media = fields(fields(content)['application/json']);
  const said = `**${status}**: ${textOf(description)}\n`;
  if (media['example'] === undefined) return said;
  const example = `\`\`\`json\n${JSON.stringify(media['example'], null, 2)}\n\`\`\`\n`;
  return [said, fieldsOf(fields(media['schema'])), example].join('\n');
}

/** The fields of an object, and what it has of shared ones. */
function fieldsOf(schema: Record<string, unknown>): string {
  const { allOf } = schema;
  const parts = Array.isArray(allOf) ? allOf.map(fields) : [schema];
  const shared = parts.flatMap(({ $ref }) => (typeof $ref === 'string' ? [linkTo($ref)] : []));
  const rows = parts
    .flatMap((part) => {
      const required = Array.isArray(part['required']) ? part['required'] : [];
      return Object.entries(fields(part['properties'])).map(([name, one]) => ({ name, one, required }));
    })
    .filter(({ name }) => name !== 'success' && name !== 'warnings')
    .map(({ name, one, required }) => {
      const schema = fields(one);
      const said = cell(textOf(schema['description']));
      return `| \`${name}\`${required.includes(name) ? '' : ' (optional)'} | ${typeOf(schema)} | ${said} |`;
    });
  const table = rows.length > 0 ? `| field | type | |\n|---|---|---|\n${rows.join('\n')}\n` : '';
  const more = rows.length > 0 ? ', and the following fields' : '';
  return `${shared.length > 0 ? `The object has the fields of ${shared.join(' and ')}${more}.\n\n` : ''}${table}`;
}

function objects(document: Document): string {
  const schemas = Object.entries(fields(fields(document['components'])['schemas']));
  const texts = schemas
    .filter(([, schema]) => fields(schema)['type'] === 'object')
    .map(
      ([name, schema]) =>
        `### ${name}\n\n${textOf(fields(schema)['description'])}\n\n${fieldsOf(fields(schema))}`,
    );
  return `## Objects\n\n${texts.join('\n')}`;
}

function states(): string {
  const table = (title: string, meanings: Readonly<Record<string, string>>): string =>
    `### ${title}\n\n| word | meaning |\n|---|---|\n${Object.entries(meanings)
      .map(([word, meaning]) => `| \`${word}\` | ${meaning} |`)
      .join('\n')}\n`;
  const lifecycles = Object.keys(LIFECYCLE_MEANINGS).filter(isLifecycle);
  const next = lifecycles.map((from) => {
    const to = lifecycles.filter((one) => one !== from && mayBecome(from, one));
    return `| \`${from}\` | ${to.map((one) => `\`${one}\``).join(', ')} |`;
  });
  return [
    '## States\n',
    table('Status of a service', STATUS_MEANINGS),
    'If several rows of this table apply, the status is the first of them. A running site that is being upgraded has the status `running`; the field `job` of the response shows the upgrade.\n',
    table('Lifecycle of a service', LIFECYCLE_MEANINGS),
    `| from | may become |\n|---|---|\n${next.join('\n')}\n`,
    table('Power', POWER_MEANINGS),
    table('Provision status', PROVISION_MEANINGS),
    table('Status of a job', JOB_STATUS_MEANINGS),
    'A `queued` job becomes `running`. A `running` job becomes `completed`, `failed`, `stuck` or `cancelled`, or it becomes `waiting` and later `running` again. The statuses `completed`, `failed` and `cancelled` are final. A `stuck` job continues after `POST /jobs/{id}/retry`, or ends as `failed` after `POST /jobs/{id}/abandon`.\n',
    table('Status of a step', STEP_MEANINGS),
  ].join('\n');
}

function isLifecycle(word: string): word is Lifecycle {
  return word in LIFECYCLE_MEANINGS;
}

function events(): string {
  const rows = EVENT_TYPES.map((type) => {
    const { meaning, data } = EVENT_DATA[type];
    const title: unknown = Reflect.get(data, 'title');
    return `| \`${type}\` | ${meaning} | [${textOf(title)}](#${textOf(title).toLowerCase()}) |`;
  });
  const sample = {
    type: 'service.plan_changed',
    service_id: '12345',
    data: exampleOf(fields(EVENT_DATA['service.plan_changed'].data)),
  };
  return [
    '## Events\n',
    '`GET /events` returns the following events. The field `data` of an event has the fields of the object in the last column.\n',
    `| type | when | data |\n|---|---|---|\n${rows.join('\n')}\n`,
    `\`\`\`json\n${JSON.stringify(sample, null, 2)}\n\`\`\`\n`,
  ].join('\n');
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `## Errors\n\nIf an error is temporary, the same request may succeed later without any change. The codes with the status 502 and 504 also occur in failed jobs.\n\n| code | HTTP | temporary | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
