/** GET /modules/{type}/{name}/log */
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import type { JsonObject } from '../../../kernel/json.js';
import { LOG_LEVELS } from '../../../model/module-log-line.js';
import { instant, nullable, text, whole, word } from '../../schemas/fields.js';
import { ModuleParams } from '../../schemas/module.js';
import { jsonRoute } from '../../server/endpoint.js';

const MOST_LINES = 500;

const object = (description: string, example: object) =>
  Type.Unsafe<JsonObject>({
    type: 'object',
    additionalProperties: true,
    description,
    examples: [example],
  });

const Line = Type.Object(
  {
    n: whole('The number of the line. Later lines have higher numbers.', 17),
    at: instant('When the line was written.'),
    level: word(LOG_LEVELS, 'The level of the line.', 'info'),
    message: text('What the module has logged.', 'create account'),
    fields: object('The values that the module has logged. Secrets in them are left out.', { status: 200 }),
    about: object('What the code worked on.', { service_id: '42' }),
    dropped: Type.Optional(whole('The number of lines that were dropped before this line.', 3)),
  },
  { title: 'ModuleLogLine', description: 'A line of the log of a module.' },
);

export const moduleLogRoute = jsonRoute({
  call: 'GET /modules/:type/:name/log',
  id: 'readModuleLog',
  tag: 'Operation',
  summary: 'Read the log of a module',
  description: 'Returns the newest lines first.',
  params: ModuleParams,
  query: Type.Object({
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_LINES,
        description: 'The maximum number of lines. Default: 100.',
        examples: [100],
      }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'If set, the response contains only lines with lower numbers: `next_before` of the last page.',
        examples: [17],
      }),
    ),
  }),
  answer: Type.Object({
    lines: Type.Array(Line, { description: 'The lines, sorted from newest to oldest.' }),
    next_before: nullable(
      whole('`before` for the next page. The value is null if there are no older lines.', 17),
    ),
  }),
  answers: { 200: 'One page of the log.' },
  failures: ['module_not_found'],
  handle: async ({ params: { type, name }, query: { limit = 100, before } }, { modules, moduleLog }) => {
    if (!modules().some((one) => one.type === type && one.name === name))
      throw new AgentError('module_not_found', 'There is no such module.');
    const page = { limit, ...(before === undefined ? {} : { before }) };
    const { lines, next } = await moduleLog.read({ type, name }, page);
    return { lines: lines.map((line) => ({ ...line, about: { ...line.about } })), next_before: next };
  },
});
