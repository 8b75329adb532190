/** One request in the process of a module, as the main thread sees it. */
import { Readable } from 'node:stream';
import { AgentError, type ErrorRecord, fromRecord } from '../../kernel/errors.js';
import { isFields } from '../../kernel/is-fields.js';
import type { Json } from '../../kernel/json.js';
import { sentenceOf } from '../../kernel/text.js';
import { callAnswers } from '../../jobs/engine/call-answers.js';
import type { LogLine } from '../../jobs/engine/log-ration.js';
import { readError, readMessage } from '../../jobs/engine/message.js';
import { cleanLine } from '../../jobs/engine/module-line.js';
import type { Call } from '../../jobs/engine/protocol.js';
import { type CheckedReply, checkReply } from './check-reply.js';
import { CHUNKS_AHEAD, REPLY_BOUNDS, type ToRequestProcess } from './messages.js';

export interface RequestHooks {
  /** Answers a call of the code. The signal aborts when the request is over. */
  readonly answer: (call: Call, signal: AbortSignal) => Promise<Json>;
  readonly line: (line: LogLine) => void;
  readonly threw: (error: unknown, name: Call['name']) => void;
}

export interface Connection {
  readonly send: (message: ToRequestProcess) => void;
  /** Ends the process: its code bypassed the shell, and may still run. */
  readonly end: () => void;
}

export type RequestReply = Omit<CheckedReply, 'body' | 'isStream'> & {
  readonly body: Buffer | Readable | null;
};

export interface RunningRequest {
  /** Rejects with what the code threw, and with `module_unavailable` if it gave no reply. */
  readonly reply: Promise<RequestReply>;
  /** Resolves when the code has ended, with the stream of the reply. */
  readonly ended: Promise<void>;
  /** A message of the process. */
  take(raw: unknown): void;
  /** The process has ended. */
  died(problem: string): void;
}

const MOST_ERRORS = 50;
/** Characters of a chunk in base64. */
const LONGEST_CHUNK = Math.ceil(REPLY_BOUNDS.chunk / 3) * 4;

export function runningRequest(
  { send, end: endProcess }: Connection,
  { answer, line, threw }: RequestHooks,
): RunningRequest {
  const over = new AbortController();
  let resolve: (value: RequestReply) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const replied = new Promise<RequestReply>((...both) => ([resolve, reject] = both));
  // the caller may have stopped waiting
  replied.catch(() => {});
  let end: () => void = () => {};
  const ended = new Promise<void>((done) => (end = done));
  let stream: Readable | undefined;
  const answers = callAnswers({ answer: (call) => answer(call, over.signal), send: tell, threw });

  function tell(message: ToRequestProcess): void {
    if (!over.signal.aborted) send(message);
  }
  function settle(error?: AgentError): void {
    if (over.signal.aborted) return;
    over.abort(new AgentError('aborted', 'The request has ended.'));
    if (!error) return;
    reject(error);
    stream?.destroy(error);
  }
  function finish(error?: AgentError): void {
    settle(error);
    end();
  }
  function begin(raw: unknown): void {
    const { body, isStream, ...head } = checkReply(raw);
    if (!isStream) {
      resolve({ ...head, body });
      finish();
      return;
    }
    const opened = replyStream(tell);
    stream = opened;
    resolve({ ...head, body: opened });
  }
  function take(raw: unknown): void {
    if (!isFields(raw)) throw new Error('it sent an unreadable message');
    const { kind, ...said } = raw;
    if (kind === 'reply' && !stream) begin(said['reply']);
    else if (kind === 'chunk' && stream) addChunk(stream, said['data']);
    else if (kind === 'end' && stream) {
      stream.push(null);
      finish();
    } else if (kind === 'failed') finish(failureIn(said));
    else {
      const message = readMessage(raw);
      if (message?.kind === 'call') answers.take(message.id, message.call);
      else if (message?.kind === 'log') line(cleanLine(message));
    }
  }
  return {
    ...{ reply: replied, ended },
    take(raw) {
      if (over.signal.aborted) return;
      try {
        take(raw);
      } catch (error) {
        // the request has ended once the process is gone, which must not get another one
        settle(unavailable(error instanceof Error ? error.message : String(error)));
        endProcess();
      }
    },
    died: (problem) => finish(unavailable(problem)),
  };
}

/** Asks for more chunks only while they are read, so that the process waits for a slow reader. */
function replyStream(tell: (message: ToRequestProcess) => void): Readable & { owed?: number } {
  const stream: Readable & { owed?: number } = new Readable({
    read() {
      const owed = stream.owed ?? 0;
      stream.owed = 0;
      for (let n = 0; n < owed; n += 1) tell({ kind: 'more' });
    },
    destroy(error, done) {
      tell({ kind: 'stop' });
      done(error);
    },
  });
  // an error also reaches the response, which ends incomplete
  stream.on('error', () => {});
  return stream;
}

function addChunk(stream: Readable & { owed?: number }, data: unknown): void {
  if (typeof data !== 'string' || data.length > LONGEST_CHUNK)
    throw new Error('it sent a chunk that is too long');
  if (stream.destroyed) return;
  if (stream.readableLength > (CHUNKS_AHEAD + 2) * REPLY_BOUNDS.chunk)
    throw new Error('it sends its stream faster than it is read');
  stream.owed = (stream.owed ?? 0) + 1;
  stream.push(Buffer.from(data, 'base64'));
}

function failureIn({ error, isThrown }: Record<string, unknown>): AgentError {
  const record = readError(error);
  if (!record) return unavailable('it sent an error that cannot be read');
  const fields = fieldsIn(isFields(error) ? error['fields'] : undefined);
  return asFailure(record, fields, isThrown === true);
}

function asFailure(
  record: ErrorRecord,
  fields: Record<string, string> | undefined,
  isThrown: boolean,
): AgentError {
  const error = fromRecord(record);
  // the authors of such routes expect 422 for fields that are wrong
  const code = error.code === 'invalid_request' && fields ? 'validation_failed' : error.code;
  return new AgentError(code, isThrown ? 'The module failed.' : error.message, {
    failure: error.failure,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(fields === undefined ? {} : { fields }),
  });
}

function fieldsIn(fields: unknown): Record<string, string> | undefined {
  if (!isFields(fields)) return undefined;
  const texts = Object.entries(fields).slice(0, MOST_ERRORS);
  return Object.fromEntries(texts.map(([name, text]) => [name.slice(0, 200), sentenceOf(String(text), 300)]));
}

export function unavailable(detail: string): AgentError {
  return new AgentError('module_unavailable', 'The module cannot answer at the moment.', { detail });
}
