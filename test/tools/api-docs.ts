/**
 * docs/api.md, made from the description that the application gives of itself, the table of errors and the list of
 * who may call what.
 */
import { format } from 'prettier';
import { EVENT_TYPES } from '../../src/model/service-event.js';
import { ERRORS } from '../../src/kernel/errors.js';
import { ACCESS, limitOf } from '../../src/http/guards/access.js';
import { PANEL_PERMISSIONS, PERMISSIONS } from '../../src/model/permissions.js';
import { type Example, examplesOf, exampleUrl } from '../http/examples.js';
import { inlined } from '../http/inlined.js';
import { fields, makeRig } from '../http/harness.js';

const INTRODUCTION = `# The REST API

Made by \`npm run docs\` from the routes themselves; a test compares the two. The same is served as OpenAPI 3.1 at \`/openapi.json\`, and readable in a browser at \`/docs\`.

## What holds for every call

- \`Authorization: Bearer <token>\`, except where "no token" is said. Tokens are made with \`innkeeper token create\`, given a new text with \`innkeeper token rotate\` (the old one stays good for a
  while) and ended with \`innkeeper token revoke\`. A token belongs to a panel, and sees nothing of any other panel's.
- A good answer has \`"success": true\`. A failed one is \`{"success": false, "error": "<one sentence a customer may read>", "code": "<see the table>", "request_id": "..."}\`, with
  \`"errors": {"<field>": "<what is wrong>"}\` where fields are wrong.
- No answer takes longer than 20 s. What is not finished by then answers 202 with \`job_id\` and goes on; the same call repeated joins the job that is under way.
  \`Prefer: respond-async\` answers at once, \`Prefer: wait=5\` after 5 s at the latest (RFC 7240).
- \`Idempotency-Key: <any text of up to 255 signs>\` on a POST that changes something: the same key and body within 24 hours get the first answer again (header \`Idempotency-Replayed: true\`), with the status of today; another
  body gets \`idempotency_mismatch\`. What was refused (4xx) or failed on our side (5xx) changed nothing and is not kept, nor are the
  answers of the POSTs that only ask. Of one token the newest 10,000 answers, or 16 MiB of them, are kept.
- A 2xx is durable: what was asked for survives a crash and a power cut, and ends done, undone with the reason on record, or \`stuck\` with an alarm.
- A failed order may be posted again: once a creation has failed and was taken back (event \`service.failed\`, with the reason), the same \`POST /create-site\` makes the site from the start, with a new
  \`Idempotency-Key\` where one is sent. The operator has heard of it by the alert \`order_failed\`, and may do the same with \`POST /services/{id}/retry\`.
- Reads and customers' actions are limited per token (\`api.rate_limit\`): 429 with \`Retry-After\`. Orders, deletions, suspensions and upgrades are not.
- A trailing slash is ignored, \`/actions/x\` is \`/action/x\`. Instants are RFC 3339 in UTC. Lists take \`limit\` (100, at most 1,000) and \`cursor\`.
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
      ...sections(operations, examples),
      errors(),
      events(),
    ];
    return await format(text.join('\n'), { parser: 'markdown', printWidth: 140 });
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
  return `## Permissions\n\n${PERMISSIONS.map((name) => `\`${name}\``).join(', ')}; \`admin\` includes all of them. Without a wish a token gets ${PANEL_PERMISSIONS.map((name) => `\`${name}\``).join(', ')}: what a panel needs.\n`;
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

function sections(operations: readonly Operation[], examples: Examples): string[] {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return tags.flatMap((tag) => [
    `## ${tag}\n`,
    ...operations.filter((one) => one.tag === tag).map((one) => section(one, examples)),
  ]);
}

function section({ name, description }: Operation, examples: Examples): string {
  return [
    `### ${name}\n`,
    `${String(description['summary'])}. ${textOf(description['description'])}\n`,
    inputs(description),
    example(examples, name),
    answers(description),
  ].join('\n');
}

function inputs(operation: Record<string, unknown>): string {
  const { parameters, requestBody } = operation;
  const all = Array.isArray(parameters) ? parameters.map(fields) : [];
  const sent = all
    .filter((one) => one['in'] !== 'header')
    .map((parameter) =>
      inputRow(String(parameter['name']), String(parameter['in']), parameter['required'] === true, {
        ...fields(parameter['schema']),
        ...(parameter['description'] === undefined ? {} : { description: parameter['description'] }),
      }),
    );
  const body = bodySchema(requestBody);
  const required = Array.isArray(body['required']) ? body['required'] : [];
  const inBody = Object.entries(fields(body['properties'])).map(([field, schema]) =>
    inputRow(field, 'body', required.includes(field), fields(schema)),
  );
  const rows = [...sent, ...inBody];
  return rows.length > 0 ? `| field | in | type | |\n|---|---|---|---|\n${rows.join('\n')}\n` : '';
}

/** The body's own schema, or that of the items of a list. */
function bodySchema(requestBody: unknown): Record<string, unknown> {
  const content = fields(fields(requestBody)['content']);
  const schema = fields(fields(content['application/json'])['schema']);
  return schema['type'] === 'array' ? fields(schema['items']) : schema;
}

function inputRow(field: string, where: string, required: boolean, schema: Record<string, unknown>): string {
  const notes = [schema['description'], schema['x-rule']].filter((note) => note !== undefined);
  const text = notes
    .map((note) => textOf(note).replace(/\.$/, ''))
    .join('; ')
    .replaceAll('|', '\\|');
  return `| \`${field}\`${required ? '' : ' (optional)'} | ${where} | ${typeOf(schema)} | ${text} |`;
}

function typeOf(schema: Record<string, unknown>): string {
  const { type, enum: words, anyOf, items } = schema;
  if (Array.isArray(words)) return words.map((word) => `\`${String(word)}\``).join(' ');
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((one) => typeOf(fields(one))))].join(' or ');
  if (type === 'array') return `list of ${typeOf(fields(items))}`;
  return Array.isArray(type) ? type.join(' or ') : textOf(type) || 'any';
}

function example(examples: Examples, name: string): string {
  const route = routeOf(name);
  const call = examples.get(route);
  if (!call) return '';
  const [method = ''] = route.split(' ');
  const body = call.body === undefined ? '' : `\n\n${JSON.stringify(call.body, null, 2)}`;
  return `\`\`\`http\n${method} ${exampleUrl(route, call)}${body}\n\`\`\`\n`;
}

function answers(operation: Record<string, unknown>): string {
  const rows = Object.entries(fields(operation['responses'])).map(([status, answer]) => {
    const known = fields(answer);
    const schema = fields(fields(fields(known['content'])['application/json'])['schema']);
    const names = Object.keys(fields(schema['properties'])).filter((name) => name !== 'success');
    const shown =
      status.startsWith('2') && names.length > 0 ? names.map((name) => `\`${name}\``).join(', ') : '';
    return `| ${status} | ${String(known['description']).replaceAll('|', '\\|')} | ${shown} |`;
  });
  return `| answer | when | fields |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `## Errors\n\n"May pass": the same call may succeed later without anybody changing anything. Codes of 502 and 504 are also told of jobs.\n\n| code | HTTP | may pass | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function events(): string {
  return `## Events\n\n\`GET /events\` tells of: ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}.\n`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
