/**
 * Reads request bodies, which must be JSON or empty. Limits the nesting, because everything that processes the body
 * later is recursive. Limits the number of values, because a body is parsed in one piece of the main thread, and small
 * values take most of the time: a MiB of `{},` takes ten times as long as a MiB of records.
 */
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';
import type { MainThread } from './main-thread.js';

const MOST_LEVELS = 64;
/**
 * The maximum number of values. It is enough for the longest list, which is that of `POST /panel/sync` with 10,000
 * records, even if each record has one unknown field.
 */
export const MOST_VALUES = 60_000;
const QUOTE = '"'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
/** The bit by which `[` differs from `{`, and `]` from `}`. */
const CURLY = 0x20;
const [OPENING, CLOSING] = ['{', '}'].map((sign) => sign.charCodeAt(0));

/** Panels send the content type of JSON even if they send no body. Such a request is accepted. */
export function readJsonBodies(app: App, mainThread: Pick<MainThread, 'look'>): void {
  // fastify's own parser would also accept plain text, which no endpoint supports
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async ({ headers }) => {
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity')
      throw new AgentError(
        'unsupported_media_type',
        'The request body must be sent without Content-Encoding.',
      );
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    mainThread.look(request);
    if (body.trim() === '') done(null, undefined);
    else {
      const problem = problemOf(body, { levels: MOST_LEVELS, values: MOST_VALUES });
      if (problem) done(problem);
      else void parse(request, body, done);
    }
  });
}

/**
 * Checks both limits in the text before it is parsed, because the parser is recursive and parses the body in one
 * piece.
 */
export function problemOf(
  text: string,
  most: { readonly levels: number; readonly values: number },
): AgentError | undefined {
  let level = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfText(text, at);
    else if ((sign | CURLY) === OPENING) {
      level += 1;
      values += 1;
    } else if ((sign | CURLY) === CLOSING) level -= 1;
    else if (sign === COMMA) values += 1;
    else continue;
    if (level > most.levels)
      return new AgentError('invalid_json', `The request body is nested deeper than ${most.levels} levels.`);
    if (values > most.values)
      return new AgentError('payload_too_large', `The request body has more than ${most.values} values.`);
  }
  return undefined;
}

/**
 * Returns the position of the quotation mark that ends the string which begins with the quotation mark at `begin`.
 * Returns the end of the text if there is none.
 */
function endOfText(text: string, begin: number): number {
  let end = begin;
  do end = text.indexOf('"', end + 1);
  while (end !== -1 && isEscaped(text, end));
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}
