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

Made by \`npm run docs\` from the routes themselves; a test compares the two. The same as OpenAPI 3.1 is in [openapi.json](openapi.json), served at \`/openapi.json\`, and shown in a browser at \`/docs\`.

## Every request

- **Authentication.** Send \`Authorization: Bearer <token>\`, except where "no token" is said. Make tokens with \`innkeeper token create\`, replace their text with \`innkeeper token rotate\` (the old text is accepted for a while) and revoke them with \`innkeeper token revoke\`. A token belongs to a panel and sees nothing of other panels.
- **Answers.** A good answer has \`"success": true\`. A failed one is \`{"success": false, "error": "<one sentence a customer may read>", "code": "<see Errors>", "request_id": "..."}\`, with \`"errors": {"<field>": "<what is wrong>"}\` for every field that is missing or wrong.
- **Waiting.** No answer takes longer than 20 s. Work that is not finished by then is answered with 202 and a \`job_id\`, and continues. The same request joins the job that is under way. \`Prefer: respond-async\` answers at once, \`Prefer: wait=5\` after at most 5 s (RFC 7240).
- **Repeating.** Send \`Idempotency-Key\` (1 to 255 characters) with a POST that changes something: the same key and request within 24 hours get the first answer again (header \`Idempotency-Replayed: true\`) with the current status. Another request with the same key is refused with \`idempotency_mismatch\`. Refusals (4xx) and failures of the agent (5xx) changed nothing and are not kept, nor are answers of POSTs that only read. The newest 10,000 answers of each token are kept, up to 16 MiB.
- **Durability.** What a 2xx has accepted survives a crash and a power cut. It ends done, undone with the reason on record, or \`stuck\` with an alert.
- **Ordering again.** A failed order may be sent again: once a creation has failed and was undone (event \`service.failed\`, with the reason), the same \`POST /create-site\` creates the site from the start, with a new \`Idempotency-Key\` if one is sent. The alert \`order_failed\` tells the operator, who can do the same with \`POST /services/{id}/retry\`.
- **Limits.** Reads and customer actions are limited per token (\`api.rate_limit\`): 429 with \`Retry-After\`. Orders, deletions, suspensions and upgrades are not.
- **Unknown fields.** They do not refuse a request. \`warnings\` in the answer names them.
- **Forms.** A trailing slash is ignored, and \`/actions/x\` is \`/action/x\`. Instants are RFC 3339 in UTC. Lists take \`limit\` (100, at most 1,000) and \`cursor\`.
- **Tracing.** Send \`X-Request-Id\` to find a request in the log by an id of your own; every answer has the header.
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
  return `## Permissions\n\n${PERMISSIONS.map((name) => `\`${name}\``).join(', ')}; \`admin\` includes all of them. If no permissions are given, a token gets ${PANEL_PERMISSIONS.map((name) => `\`${name}\``).join(', ')}: what a panel needs.\n`;
}

/** As fastify writes it. */
const routeOf = (name: string): string => name.replace(/\{([a-z]+)\}/g, ':$1');

function contents(operations: readonly Operation[]): string {
  const rows = operations.map(({ name, tag, description }) => {
    const rule = ACCESS[routeOf(name)];
    const access = rule?.access === 'public' ? 'no token' : `\`${rule?.access ?? ''}\``;
    const where = rule?.door === 'socket' ? 'unix socket' : '';
    const [method = '', path = ''] = routeOf(name).split(' ');
    const limit = where === '' ? (limitOf(method, path) ?? '') : where;
    return `| \`${name}\` | ${tag} | ${access} | ${limit} | ${String(description['summary'])} |`;
  });
  return `## All calls\n\n| call | about | permission | limit | |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
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
  const notes = [schema['description'], schema['x-rule']].filter((note) => note !== undefined);
  const text = notes.map((note) => textOf(note).replace(/\.$/, '')).join('; ');
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
    .map((one) => (one === 'string' && format === 'date-time' ? 'instant' : textOf(one)));
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
  return `${shared.length > 0 ? `The fields of ${shared.join(' and ')}.\n\n` : ''}${table}`;
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
    'The first word of the table that fits is the status. A running site that is being upgraded stays `running`; `job` shows the upgrade.\n',
    table('Lifecycle of a service', LIFECYCLE_MEANINGS),
    `| from | may become |\n|---|---|\n${next.join('\n')}\n`,
    table('Power', POWER_MEANINGS),
    table('Provision status', PROVISION_MEANINGS),
    table('Status of a job', JOB_STATUS_MEANINGS),
    '`queued` becomes `running`; `running` becomes `completed`, `failed`, `stuck` or `cancelled`, or `waiting` and then `running` again. `completed`, `failed` and `cancelled` are final. A `stuck` job goes on with `POST /jobs/{id}/retry`, or ends as `failed` with `POST /jobs/{id}/abandon`.\n',
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
    '`GET /events` returns these. `data` has the fields of the object in the last column.\n',
    `| type | when | data |\n|---|---|---|\n${rows.join('\n')}\n`,
    `\`\`\`json\n${JSON.stringify(sample, null, 2)}\n\`\`\`\n`,
  ].join('\n');
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `## Errors\n\n"May pass": the same request may succeed later without any change. Codes with 502 and 504 are also those of failed jobs.\n\n| code | HTTP | may pass | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
