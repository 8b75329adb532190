/** Talks to the running daemon over its unix socket. */
import { request } from 'node:http';
import { userInfo } from 'node:os';
import { cell } from './cell.js';
import { CommandFailure } from './failure.js';
import { socketPath } from './socket-path.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface Daemon {
  /** The answer's fields. Throws CommandFailure with the daemon's own sentence, or when it does not run. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Fields>;
}

const TIMEOUT_MS = 30_000;

export async function connectDaemon(configFile: string, panel: string): Promise<Daemon> {
  const socket = await socketPath(configFile);
  return {
    async call(method, path, body) {
      const { status, text } = await send({ socket, panel, method, path, body });
      const answer = parse(text);
      if (status < 400) return answer;
      const errors = Object.entries(fieldsOf(answer['errors'])).map(
        ([name, problem]) => `${name} ${cell(problem)}`,
      );
      const sentence =
        errors.length > 1 ? `${errors.join('; ')}.` : cell(answer['error'] ?? `HTTP ${status}`);
      throw new CommandFailure(sentence);
    },
  };
}

interface Message {
  readonly socket: string;
  readonly panel: string;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

function send({ socket, panel, method, path, body }: Message): Promise<{ status: number; text: string }> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: socket,
      method,
      path,
      timeout: TIMEOUT_MS,
      headers: {
        'innkeeper-panel': panel,
        'innkeeper-user': operator(),
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    });
    call.on('timeout', () => call.destroy(new CommandFailure('The daemon does not answer.')));
    call.on('error', (error) => reject(explain(error, socket)));
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', (error) => reject(explain(error, socket)));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 500, text: Buffer.concat(chunks).toString() }),
      );
    });
    call.end(payload);
  });
}

/** For the audit log: the person behind sudo, else the user that runs this. */
function operator(): string {
  const uid = process.env['SUDO_UID'] ?? String(process.getuid?.() ?? 0);
  return `${uid} ${process.env['SUDO_USER'] ?? userName()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // no entry in the system's list
    return '-';
  }
}

function explain(error: Error, socket: string): Error {
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new CommandFailure(
      `The daemon does not run (nobody listens at ${socket}); start it with: innkeeper serve`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new CommandFailure(`You may not use ${socket}; run this as the user of the daemon, or as root.`);
  }
  return error instanceof CommandFailure
    ? error
    : new CommandFailure(`The daemon at ${socket} cannot be asked: ${error.message}.`, { cause: error });
}

function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch (error) {
    throw new CommandFailure('What answers at the socket is not the daemon.', { cause: error });
  }
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
