/**
 * A persistent SSH connection to one node. The connection is opened when a command first needs it, and the host key is
 * checked. At most eight commands use the connection at the same time. If the connection breaks, the next command
 * opens a new one.
 */
import { readFile } from 'node:fs/promises';
import PQueue from 'p-queue';
import type { Client } from 'ssh2';
import type { SshConfig } from './config.js';
import { AgentError, type ErrorCode } from '../../../kernel/errors.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import { type Circuit, through, verdictOf } from '../../shared/circuit.js';
import { inTurn } from '../../../kernel/async/in-turn.js';
import { orAbort } from '../../../kernel/async/race.js';
import { systemClock } from '../../../kernel/clock.js';
import { algorithmsOf, isTrusted, type KnownKeys, knownKeys } from './known-hosts.js';
import type { RawEnd, RawOptions } from '../run-script.js';
import { openChannel, type SshChannel } from './ssh-channel.js';

/** sshd's MaxSessions is 10 by default; two are reserved for scripts that stop other scripts. */
const CHANNELS = 8;
const STOP_CHANNELS = 2;
const FULL_TRIES = 15;
const FULL_PAUSE_MS = 10;
const KEEPALIVE_MS = 10_000;
const KEEPALIVES_MISSED = 3;

export class SshLink {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #config: SshConfig;
  readonly #queue = new PQueue({ concurrency: CHANNELS });
  readonly #stops = new PQueue({ concurrency: STOP_CHANNELS });
  readonly #circuit: Circuit | undefined;
  #connection: Promise<Client> | undefined;
  #closed = false;

  constructor(
    target: { readonly host: string; readonly port: number },
    config: SshConfig,
    circuit?: Circuit,
  ) {
    this.#target = target;
    this.#config = config;
    this.#circuit = circuit;
  }

  /** A command without `beforeKill` stops another command. Therefore it does not wait in the queue. */
  async run(command: string, options: RawOptions, signal: AbortSignal): Promise<RawEnd> {
    const queue = options.beforeKill ? this.#queue : this.#stops;
    const stopped = (): AgentError =>
      abortError(signal, 'container_host_timeout', 'waiting for a connection to the container host');
    return inTurn(
      (next) => queue.add(next),
      signal,
      stopped,
      async () => this.#run(command, options, signal),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    const client = connection && (await connection.catch(() => undefined));
    client?.end();
  }

  async #run(command: string, options: RawOptions, signal: AbortSignal): Promise<RawEnd> {
    const channel = await through(
      this.#circuit,
      () => this.#open(command, options, signal),
      verdictOf,
      ({ failure, detail }) =>
        this.#error(
          failure === 'refused_us' ? 'container_host_refused' : 'container_host_unreachable',
          detail,
        ),
    );
    const { lost, ...end } = await channel.converse(signal);
    // The script is never sent again, because it may already have run partially or completely.
    return lost
      ? {
          ...end,
          broken: this.#error('container_host_unreachable', 'the connection was lost while a script ran'),
        }
      : end;
  }

  /**
   * Opens a channel. If an existing connection turns out to be dead, tries once more with a new connection. If sshd
   * rejects the channel because it still counts sessions that have ended, tries again for a while. A retry repeats no
   * work, because the script is sent on standard input only after the channel is open, and a shell without input does
   * nothing.
   */
  async #open(command: string, options: RawOptions, signal: AbortSignal): Promise<SshChannel> {
    let broken = 0;
    for (let attempt = 1; ; attempt++) {
      const connection = (this.#connection ??= this.#connect());
      const client = await orAbort(connection, signal, () =>
        abortError(signal, 'container_host_timeout', 'connecting to the container host'),
      );
      try {
        return await openChannel(client, command, options);
      } catch (error) {
        throwIfAborted(signal, 'container_host_timeout', 'opening a channel to the container host');
        // ssh2 reports the same error if the connection broke and if the server rejected the channel. If the
        // connection broke, ssh2 also reports its end in the same turn of the event loop.
        await systemClock.sleep(attempt * FULL_PAUSE_MS);
        const alive = this.#connection === connection;
        if (!alive || !isRefused(error)) {
          this.#forget(connection, client);
          if (++broken < 2) continue;
        } else if (isFull(error) && attempt < FULL_TRIES) continue;
        // the server does not let this login run any command, not even the forced command
        const code = alive && isDenied(error) ? 'container_host_refused' : 'container_host_unreachable';
        throw this.#error(code, `no channel: ${String(error)}`, error);
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
    // the library is loaded on demand, because an idle daemon does not need its memory
    const { NodeSSH } = await import('node-ssh');
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
      ssh.connection?.destroy(); // without this, the half-closed socket would stay open if the host does not respond
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
    if (!client)
      throw this.#error('container_host_unreachable', 'the server closed the connection immediately');
    client.on('error', () => {}); // the event `close` follows and notifies all waiting calls
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
        ? 'The container host refuses the agent.'
        : 'The container host does not answer.';
    const { host, port } = this.#target;
    const isSystems = code === 'container_host_unreachable' || code === 'container_host_refused';
    const system = isSystems ? this.#circuit?.view().name : undefined;
    return new AgentError(code, message, {
      role: 'container host',
      ...(system === undefined ? {} : { system }),
      detail: `ssh ${host}:${port}: ${detail}`,
      cause,
    });
  }
}

/** Returns whether the server has refused to open the channel, or to run the command on it. */
function isRefused(error: unknown): boolean {
  return isFull(error) || isDenied(error);
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unable to exec');
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'reason' in error;
}
