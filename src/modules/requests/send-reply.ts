/** Sends the reply of a handler to the daemon, from the process of the module. */
import { AgentError } from '../../kernel/errors.js';
import { isFields } from '../../kernel/is-fields.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import type { RequestContext } from '../kit/request.js';
import { CHUNKS_AHEAD, type FromRequestProcess, REPLY_BOUNDS, type SentReply } from './messages.js';

export interface ReplySender {
  /** Throws `module_failed` for a reply that cannot be sent, and `validation_failed` for a reply with `errors`. */
  send(reply: unknown, context: Pick<RequestContext, 'view'>): Promise<void>;
  /** Another chunk of the stream may be sent. */
  more(): void;
}

const REDIRECTS: readonly unknown[] = [301, 302, 303, 307, 308];
const MOST_FIELDS = 50;

/** `signal` aborts when the stream is not read any longer. */
export function replySender(say: (message: FromRequestProcess) => void, signal: AbortSignal): ReplySender {
  const credits = chunkCredits(signal);
  const tell = (reply: Partial<SentReply>): void =>
    say({ kind: 'reply', reply: { status: 200, headers: {}, body: null, isStream: false, ...reply } });
  return {
    more: credits.add,
    async send(reply, context) {
      if (reply === undefined || reply === null) {
        tell({ status: 204 });
        return;
      }
      if (!isFields(reply)) throw unfit(`it returned a ${typeof reply}`);
      if ('errors' in reply) throw refusal(reply);
      const head = headOf(reply);
      if ('redirect' in reply) tell(redirectOf(reply));
      else if ('stream' in reply) {
        tell({ ...head, isStream: true });
        for await (const chunk of chunksOf(reply['stream'])) {
          await credits.spend();
          say({ kind: 'chunk', data: chunk.toString('base64') });
        }
        say({ kind: 'end' });
      } else tell({ ...head, ...(await contentOf(reply, head.headers, context)) });
    },
  };
}

function headOf(reply: Record<string, unknown>): Pick<SentReply, 'status' | 'headers'> {
  const { status = 200, headers = {}, type, filename } = reply;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599)
    throw unfit('its status is not a number from 200 to 599');
  if (!isFields(headers)) throw unfit('its headers are not an object');
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  const kind = 'stream' in reply ? 'application/octet-stream' : undefined;
  if (type !== undefined && typeof type !== 'string') throw unfit('its type is not a string');
  if (filename !== undefined && typeof filename !== 'string') throw unfit('its filename is not a string');
  const content = type ?? kind;
  return {
    status,
    headers: {
      ...Object.fromEntries(given),
      ...(content === undefined ? {} : { 'content-type': content }),
      ...(filename === undefined ? {} : { 'content-disposition': attachment(filename) }),
    },
  };
}

function attachment(filename: string): string {
  const plain = filename.replace(/[^A-Za-z0-9._ -]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename)}`;
}

/** A function is no JSON: its text is undefined, against the declared type. */
function jsonOf(value: unknown): string {
  const text: unknown = JSON.stringify(value);
  return typeof text === 'string' ? text : 'null';
}

function redirectOf({ redirect, status = 303 }: Record<string, unknown>): Partial<SentReply> {
  if (typeof redirect !== 'string') throw unfit('its redirect is not a string');
  if (!REDIRECTS.includes(status))
    throw unfit(`its redirect has the status ${String(status)}, expected 301, 302, 303, 307 or 308`);
  return { status: status as number, headers: { location: redirect } };
}

async function contentOf(
  reply: Record<string, unknown>,
  headers: SentReply['headers'],
  { view }: Pick<RequestContext, 'view'>,
): Promise<Partial<SentReply>> {
  const as = (type: string, text: string): Partial<SentReply> => ({
    headers: { 'content-type': type, ...headers },
    body: bounded(Buffer.from(text)).toString('base64'),
  });
  if ('json' in reply) return as('application/json; charset=utf-8', jsonOf(reply['json']));
  if ('view' in reply) {
    const { view: name, data = {} } = reply;
    return as('text/html; charset=utf-8', await view(String(name), isFields(data) ? data : {}));
  }
  if ('text' in reply) return as('text/plain; charset=utf-8', String(reply['text']));
  if ('status' in reply) return {};
  throw unfit(`it has none of the keys json, view, text, redirect, stream, errors and status`);
}

function bounded(body: Buffer): Buffer {
  if (body.length > REPLY_BOUNDS.body) throw unfit(`it is larger than ${REPLY_BOUNDS.body} bytes`);
  return body;
}

function refusal({ errors, message = 'The request is not valid.' }: Record<string, unknown>): AgentError {
  if (!isFields(errors)) throw unfit('its errors are not an object');
  const fields = Object.entries(errors)
    .slice(0, MOST_FIELDS)
    .map(([field, problem]) => [field, String(problem)]);
  return new AgentError('validation_failed', String(message), {
    fields: Object.fromEntries(fields) as Record<string, string>,
  });
}

async function* chunksOf(stream: unknown): AsyncGenerator<Buffer> {
  const isIterable =
    typeof stream === 'object' &&
    stream !== null &&
    (Symbol.asyncIterator in stream || Symbol.iterator in stream);
  if (!isIterable) throw unfit('its stream is not iterable');
  let total = 0;
  for await (const part of stream as AsyncIterable<unknown>) {
    if (typeof part !== 'string' && !(part instanceof Uint8Array))
      throw unfit('its stream contains a value that is neither text nor bytes');
    const bytes = Buffer.from(part);
    total += bytes.length;
    if (total > REPLY_BOUNDS.stream) throw unfit(`its stream is larger than ${REPLY_BOUNDS.stream} bytes`);
    for (let at = 0; at < bytes.length; at += REPLY_BOUNDS.chunk)
      yield bytes.subarray(at, at + REPLY_BOUNDS.chunk);
  }
}

function chunkCredits(signal: AbortSignal): { spend: () => Promise<void>; add: () => void } {
  let free = CHUNKS_AHEAD;
  let wake = (): void => {};
  onAbort(signal, () => wake());
  return {
    async spend() {
      while (free === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      signal.throwIfAborted();
      free -= 1;
    },
    add() {
      free += 1;
      wake();
    },
  };
}

function unfit(problem: string): AgentError {
  return new AgentError('module_failed', 'The module gave a response that cannot be used.', {
    retryable: false,
    detail: `the reply of the handler: ${problem}`,
  });
}
