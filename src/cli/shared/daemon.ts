/** Sends requests to the running daemon over its unix socket. */
import { type IncomingMessage, request } from 'node:http';
import { userInfo } from 'node:os';
import type { Readable } from 'node:stream';
import { VERSION } from '../../kernel/version.js';
import type { Running } from '../../doctor/parts.js';
import { formatCell } from './format-cell.js';
import { CommandFailure } from './failure.js';
import { socketPath } from './socket-path.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface Daemon {
  /**
   * Returns the fields of the response. `patienceMs` is the longest time to wait for a response, 30 s by default.
   * Throws CommandFailure if the daemon refuses the request, with the daemon's message, or if the daemon is not
   * running.
   */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    patienceMs?: number,
  ): Promise<Fields>;
  /**
   * Returns the bytes of the response. The stream fails if the daemon exits before the end of the response. Throws
   * the same errors as `call`.
   */
  download(path: string): Promise<Readable>;
  /** Sends a file, and returns the fields of the response. Throws the same errors as `call`. */
  upload(path: string, body: Readable): Promise<Fields>;
  readiness(): Promise<Running>;
}

/** The error that is thrown if no daemon listens on the socket. */
export class DaemonDown extends CommandFailure {}

const TIMEOUT_MS = 30_000;

export async function connectDaemon(configFile: string, panel: string): Promise<Daemon> {
  const socket = await socketPath(configFile);
  return {
    async call(method, path, body, patienceMs) {
      const answer = await send({ socket, panel, method, path, body, patienceMs });
      const fields = parse(await textOf(answer, socket));
      if (statusOf(answer) < 400) return fields;
      throw refusal(fields, answer);
    },
    async download(path) {
      const answer = await send({ socket, panel, method: 'GET', path });
      if (statusOf(answer) < 400) return answer;
      throw refusal(parse(await textOf(answer, socket)), answer);
    },
    async upload(path, body) {
      const answer = await send({ socket, panel, method: 'POST', path, file: body });
      const fields = parse(await textOf(answer, socket));
      if (statusOf(answer) < 400) return fields;
      throw refusal(fields, answer);
    },
    async readiness() {
      const answer = await send({ socket, panel, method: 'GET', path: '/ready' });
      const { error } = parse(await textOf(answer, socket));
      return {
        version: versionOf(answer),
        ...(statusOf(answer) < 400 ? {} : { problem: formatCell(error) }),
      };
    },
  };
}

function refusal(answer: Fields, message: IncomingMessage): CommandFailure {
  const errors = Object.entries(fieldsOf(answer['errors'])).map(
    ([name, problem]) => `${name} ${formatCell(problem)}`,
  );
  const said =
    errors.length > 1 ? `${errors.join('; ')}.` : formatCell(answer['error'] ?? `HTTP ${statusOf(message)}`);
  return new CommandFailure(said + aboutReleases(versionOf(message), answer['code']));
}

/**
 * Explains that the daemon was not restarted after an upgrade. An older daemon may not support what the command
 * requests.
 */
function aboutReleases(daemon: string | undefined, code: unknown): string {
  if (daemon === VERSION && code !== 'route_not_found') return '';
  const releases = `The running daemon is release ${daemon ?? 'unknown'}, and this command is release ${VERSION}`;
  return ` ${releases}. To restart the daemon: systemctl restart innkeeper`;
}

function versionOf({ headers }: IncomingMessage): string | undefined {
  const version = headers['innkeeper-version'];
  return typeof version === 'string' ? formatCell(version) : undefined;
}

function statusOf({ statusCode = 500 }: IncomingMessage): number {
  return statusCode;
}

async function textOf(answer: IncomingMessage, socket: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch (error) {
    throw explain(error instanceof Error ? error : new Error(String(error)), socket);
  }
  return Buffer.concat(chunks).toString();
}

interface Message {
  readonly socket: string;
  readonly panel: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly file?: Readable | undefined;
  readonly patienceMs?: number | undefined;
}

function send({
  socket,
  panel,
  method,
  path,
  body,
  file,
  patienceMs = TIMEOUT_MS,
}: Message): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: socket,
      method,
      path,
      timeout: patienceMs,
      headers: {
        'innkeeper-panel': panel,
        'innkeeper-user': operator(),
        ...(file ? { 'content-type': 'application/gzip' } : {}),
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    });
    call.on('timeout', () => call.destroy(new CommandFailure('The daemon does not respond.')));
    call.on('error', (error) => reject(explain(error, socket)));
    call.on('response', resolve);
    if (file) file.on('error', (error) => call.destroy(error)).pipe(call);
    else call.end(payload);
  });
}

/** Returns the user for the audit log: the user who called sudo, or else the user who runs the command. */
function operator(): string {
  const uid = process.env['SUDO_UID'] ?? String(process.getuid?.() ?? 0);
  return `${uid} ${process.env['SUDO_USER'] ?? userName()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user has no entry in the system's user database.
    return '-';
  }
}

function explain(error: Error, socket: string): Error {
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new DaemonDown(
      `The daemon is not running (nothing listens on ${socket}); start it with: innkeeper serve`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new CommandFailure(
      `Permission denied for ${socket}; run this command as the daemon's user, or as root.`,
    );
  }
  return error instanceof CommandFailure
    ? error
    : new CommandFailure(`Cannot query the daemon at ${socket}: ${error.message}.`, { cause: error });
}

function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch (error) {
    throw new CommandFailure('The response on the socket is not from the daemon.', { cause: error });
  }
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
