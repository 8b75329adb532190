/**
 * Runs one command over an open SSH connection: sends its input, reads standard output and standard error, waits for
 * its end, and cancels it if necessary.
 */
import type { Client, ClientChannel } from 'ssh2';
import { within } from '../../../kernel/async/within.js';
import { onAbort } from '../../../kernel/async/on-abort.js';
import { Tail } from '../../shared/tail.js';
import type { RawEnd, RawOptions } from '../run-script.js';

/**
 * If a connection does not open a channel within this time, the connection is treated as dead. The keepalive would
 * detect a dead connection only later.
 */
const OPEN_TIMEOUT_MS = 10_000;
/** How long the agent waits for pct to end after the script of pct was ended. */
const OWN_END_MS = 1_000;
const CLOSE_MS = 3_000;

export interface SshChannel {
  /**
   * Sends the input. Resolves when the channel is closed, or when the agent stops waiting after an abort. `lost` means
   * that no exit status arrived.
   */
  converse(signal: AbortSignal): Promise<RawEnd & { readonly lost: boolean }>;
}

/**
 * Opens a channel. Rejects with ssh2's error. A channel that opens too late is closed, and no input is sent on it.
 */
export function openChannel(client: Client, command: string, options: RawOptions): Promise<SshChannel> {
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
      // The listeners are attached in the same turn of the event loop, because the next packet may already contain
      // the exit status of a command that fails immediately.
      else resolve(listenTo(channel, options));
    });
  });
}

function listenTo(channel: ClientChannel, options: RawOptions): SshChannel {
  const stdout = new Tail(options.maxOutputBytes);
  const stderr = new Tail(options.maxOutputBytes);
  let code: number | null = null;
  let exited = false;
  channel.on('data', (chunk: Buffer) => {
    options.onStdout(chunk);
    stdout.push(chunk);
  });
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  channel.on('error', () => {}); // `close` follows
  channel.on('exit', (status: unknown) => {
    exited = true;
    code = typeof status === 'number' ? status : null;
  });
  const closed = new Promise<void>((resolve) => channel.on('close', () => resolve()));
  return {
    async converse(signal) {
      await ended(channel, closed, options, signal);
      const truncated = stdout.truncated || stderr.truncated;
      return { code, stdout: stdout.text(), stderr: stderr.text(), truncated, lost: !exited };
    },
  };
}

async function ended(
  channel: ClientChannel,
  closed: Promise<void>,
  options: RawOptions,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const forget = onAbort(signal, () => void giveUp(channel, closed, options.beforeKill).then(resolve));
    channel.end(options.stdin);
    void closed.then(() => {
      forget();
      resolve();
    });
  });
}

async function giveUp(
  channel: ClientChannel,
  closed: Promise<void>,
  beforeKill: RawOptions['beforeKill'],
): Promise<void> {
  if (beforeKill) {
    await beforeKill().catch(() => undefined);
    const endedItself = await within(
      closed.then(() => true),
      OWN_END_MS,
    );
    if (endedItself) return;
  }
  channel.signal('KILL');
  channel.close();
  await within(closed, CLOSE_MS);
}
