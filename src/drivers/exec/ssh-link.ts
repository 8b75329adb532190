/** One kept SSH connection to one node: made when needed, its host key checked, shared by at most eight commands, made anew when it broke. */
import { readFile } from 'node:fs/promises';
import { NodeSSH } from 'node-ssh';
import PQueue from 'p-queue';
import type { Client, ClientChannel } from 'ssh2';
import type { SshConfig } from '../../config/config.js';
import { AgentError, type ErrorCode } from '../../domain/errors.js';
import { abortError, throwIfAborted, within } from '../abort.js';
import { Tail } from '../tail.js';
import { algorithmsOf, isTrusted, type KnownKeys, knownKeys } from './known-hosts.js';
import type { RawEnd, RawOptions } from './run-script.js';

/** sshd's MaxSessions is 10 by default; two are left for scripts that stop other scripts. */
const CHANNELS = 8;
const STOP_CHANNELS = 2;
const KEEPALIVE_MS = 10_000;
const KEEPALIVES_MISSED = 3;
/** An old connection that does not even open a channel is dead; keepalive would notice later. */
const OPEN_TIMEOUT_MS = 10_000;
const OWN_END_MS = 1_000;
const CLOSE_MS = 3_000;

export class SshLink {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #config: SshConfig;
  readonly #queue = new PQueue({ concurrency: CHANNELS });
  readonly #stops = new PQueue({ concurrency: STOP_CHANNELS });
  #connection: Promise<Client> | undefined;
  #closed = false;

  constructor(target: { readonly host: string; readonly port: number }, config: SshConfig) {
    this.#target = target;
    this.#config = config;
  }

  /** A command without `beforeKill` is one that stops another: it does not wait behind those. */
  async run(command: string, options: RawOptions, signal: AbortSignal): Promise<RawEnd> {
    const queue = options.beforeKill ? this.#queue : this.#stops;
    try {
      return await queue.add(async () => this.#run(command, options, signal), { signal });
    } catch (error) {
      if (error instanceof AgentError || !signal.aborted) throw error;
      throw abortError(signal, 'container_host_timeout', 'waiting for a connection to the container host');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    const client = connection && (await connection.catch(() => undefined));
    client?.end();
  }

  async #run(command: string, options: RawOptions, signal: AbortSignal): Promise<RawEnd> {
    const channel = await this.#open(command, signal);
    const end = await converse(channel, options, signal);
    if (end.lost && !signal.aborted) {
      // Never sent again: the script may have run, in part or to its end.
      throw this.#error('container_host_unreachable', 'the connection broke while a script ran');
    }
    return end;
  }

  /**
   * Tries a second time with a new connection when a kept one turns out to be dead. That repeats nothing: the script goes in on standard input after
   * the channel is open, and a shell without input does nothing.
   */
  async #open(command: string, signal: AbortSignal): Promise<ClientChannel> {
    for (let attempt = 1; ; attempt++) {
      const connection = (this.#connection ??= this.#connect());
      const client = await orAbort(connection, signal);
      try {
        return await openChannel(client, command);
      } catch (error) {
        throwIfAborted(signal, 'container_host_timeout', 'opening a channel to the container host');
        const isRefusal =
          error instanceof Error && ('reason' in error || error.message.startsWith('Unable to exec'));
        if (!isRefusal) this.#forget(connection, client);
        if (isRefusal || attempt === 2)
          throw this.#error('container_host_unreachable', `no channel: ${String(error)}`, error);
      }
    }
  }

  #forget(connection: Promise<Client>, client?: Client): void {
    if (this.#connection === connection) this.#connection = undefined;
    client?.destroy();
  }

  #connect(): Promise<Client> {
    const connection: Promise<Client> = this.#connectOnce((client) => {
      client.on('close', () => this.#forget(connection));
    });
    connection.catch(() => this.#forget(connection));
    return connection;
  }

  async #connectOnce(onReady: (client: Client) => void): Promise<Client> {
    if (this.#closed) throw new AgentError('aborted', 'The agent is stopping.');
    const known = await this.#knownKeys();
    const ssh = new NodeSSH();
    let untrusted: string | undefined;
    try {
      await ssh.connect({
        ...this.#target,
        username: this.#config.user,
        privateKey: this.#config.private_key.reveal(),
        readyTimeout: this.#config.connect_timeout_s * 1000,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVES_MISSED,
        algorithms: { serverHostKey: algorithmsOf(known) },
        hostVerifier: (key: Buffer) => {
          if (isTrusted(known, key)) return true;
          untrusted = key.toString('base64').slice(0, 60);
          return false;
        },
      });
    } catch (error) {
      ssh.dispose();
      if (untrusted !== undefined) {
        throw this.#error(
          'container_host_refused',
          `its host key (${untrusted}...) is not the one in ${this.#config.known_hosts_file}`,
        );
      }
      throw this.#connectError(error);
    }
    const client = ssh.connection;
    if (!client) throw this.#error('container_host_unreachable', 'the connection broke at once');
    client.on('error', () => {}); // `close` follows, and whoever waits hears of it there
    client.setNoDelay(true);
    onReady(client);
    return client;
  }

  async #knownKeys(): Promise<KnownKeys> {
    const file = this.#config.known_hosts_file;
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw this.#error('container_host_refused', `${file} cannot be read`, error);
    }
    const known = knownKeys(text, this.#target.host, this.#target.port);
    if (known.trusted.length === 0)
      throw this.#error('container_host_refused', `${file} has no host key for it`);
    return known;
  }

  #connectError(error: unknown): AgentError {
    const level = error instanceof Error && 'level' in error ? error.level : undefined;
    const text = error instanceof Error ? error.message : String(error);
    if (level === 'client-authentication') {
      return this.#error('container_host_refused', `log-in as ${this.#config.user} refused: ${text}`, error);
    }
    if (/cannot parse privatekey|no matching .*host key|unsupported key/i.test(text)) {
      return this.#error('container_host_refused', text, error);
    }
    return this.#error('container_host_unreachable', text, error);
  }

  #error(code: ErrorCode, detail: string, cause?: unknown): AgentError {
    const message =
      code === 'container_host_refused'
        ? 'The container host refused our connection.'
        : 'The container host does not answer.';
    const { host, port } = this.#target;
    return new AgentError(code, message, {
      role: 'container host',
      detail: `ssh ${host}:${port}: ${detail}`,
      cause,
    });
  }
}

async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError(signal, 'container_host_timeout', 'connecting to the container host'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function openChannel(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error(`no channel within ${OPEN_TIMEOUT_MS / 1000} s`));
    }, OPEN_TIMEOUT_MS);
    client.exec(command, (error, channel) => {
      clearTimeout(timer);
      if (error) reject(error);
      else if (late) channel.close();
      else resolve(channel);
    });
  });
}

/** Sends the input, collects both outputs, and resolves when the channel is closed; `lost` when that came without an exit status. */
async function converse(
  channel: ClientChannel,
  options: RawOptions,
  signal: AbortSignal,
): Promise<RawEnd & { readonly lost: boolean }> {
  const stdout = new Tail(options.maxOutputBytes);
  const stderr = new Tail(options.maxOutputBytes);
  let code: number | null = null;
  let exited = false;
  channel.on('data', (chunk: Buffer) => {
    options.onStdout(chunk);
    stdout.push(chunk);
  });
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  channel.on('error', () => {});
  channel.on('exit', (status: unknown) => {
    exited = true;
    code = typeof status === 'number' ? status : null;
  });
  const closed = new Promise<void>((resolve) => channel.on('close', () => resolve()));
  let abandon = (): void => {};
  const abandoned = new Promise<void>((resolve) => (abandon = resolve));
  const onAbort = (): void => {
    void endChannel(channel, closed, options.beforeKill).then(abandon);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  channel.end(options.stdin);
  await Promise.race([closed, abandoned]);
  signal.removeEventListener('abort', onAbort);
  const truncated = stdout.truncated || stderr.truncated;
  return { code, stdout: stdout.text(), stderr: stderr.text(), truncated, lost: !exited };
}

async function endChannel(
  channel: ClientChannel,
  closed: Promise<void>,
  beforeKill: RawOptions['beforeKill'],
): Promise<void> {
  if (beforeKill) {
    await beforeKill().catch(() => undefined);
    if (
      (await within(
        closed.then(() => true),
        OWN_END_MS,
      )) === true
    )
      return;
  }
  channel.signal('KILL');
  channel.close();
  await within(closed, CLOSE_MS);
}
