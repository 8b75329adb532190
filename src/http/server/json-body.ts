/**
 * Reads request bodies, which must be JSON or empty. Limits the nesting, because everything that processes the body
 * later is recursive.
 */
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';
import type { MainThread } from './main-thread.js';

const MOST_LEVELS = 64;
const [QUOTE, BACKSLASH] = ['"', '\\'].map((sign) => sign.charCodeAt(0));
const OPENING = ['[', '{'].map((sign) => sign.charCodeAt(0));
const CLOSING = [']', '}'].map((sign) => sign.charCodeAt(0));

/** Panels send the content type of JSON even without a body. Such a request is valid. */
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
    else if (isDeeper(body, MOST_LEVELS))
      done(new AgentError('invalid_json', `The request body is nested deeper than ${MOST_LEVELS} levels.`));
    else void parse(request, body, done);
  });
}

/** Checks the unparsed text, because the limit must apply before the text is parsed. */
export function isDeeper(text: string, most: number): boolean {
  let level = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (inText) {
      if (sign === BACKSLASH) at += 1;
      else if (sign === QUOTE) inText = false;
    } else if (sign === QUOTE) inText = true;
    else if (OPENING.includes(sign)) {
      level += 1;
      if (level > most) return true;
    } else if (CLOSING.includes(sign)) level -= 1;
  }
  return false;
}
