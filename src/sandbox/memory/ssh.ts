/**
 * The embedded SSH server of one node. Like a restricted sshd, it accepts only one client key and one command, `pct
 * exec <vmid> --keep-env 0 -- /bin/sh -s`.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import { decodeScript } from '../../drivers/exec/script.js';
import type { Faults } from '../control/faults.js';
import { listen, type Listening } from './listen.js';

const COMMAND = /^pct exec (\d{1,9}) --keep-env 0 -- \/bin\/sh -s$/;
/** The default of OpenSSH for `MaxSessions`. */
const MAX_SESSIONS = 10;
const STDIN_LIMIT = 16 * 1024 * 1024;
/** The exit code of pct if pct itself fails. */
const PCT_FAILED = 255;

export interface ExecOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshOptions {
  readonly port: number;
  /** The private host key in OpenSSH format. */
  readonly hostKey: string;
  /** The only public key with which a client can log in as root, in the form `ssh-ed25519 AAAA...`. */
  readonly clientKey: string;
  /**
   * Executes the script. If the promise rejects, the error message is written to standard error, in the same way as
   * pct reports its own failures.
   */
  readonly exec: (vmid: number, stdin: string) => Promise<ExecOutcome>;
  readonly faults: Faults;
}

/** Listens on 127.0.0.1. */
export async function startSsh(options: SshOptions): Promise<Listening> {
  const allowed = parseKey(options.clientKey);
  const server = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    serve(client, allowed, options);
  });
  const listener = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    if (options.faults.refuses('exec')) socket.destroy();
    else server.injectSocket(socket);
  });
  return listen(listener, options.port);
}

function serve(client: Connection, allowed: ParsedKey, options: SshOptions): void {
  let sessions = 0;
  // a client that disconnects early is not an error
  client.on('error', () => client.end());
  client.on('authentication', (context) => {
    if (isAllowed(context, allowed) && !options.faults.denies('exec')) context.accept();
    else context.reject(['publickey']);
  });
  client.on('session', (accept, reject) => {
    if (sessions >= MAX_SESSIONS) {
      reject();
      return;
    }
    sessions += 1;
    const session = accept();
    session.on('close', () => (sessions -= 1));
    session.on('exec', (acceptExec, rejectExec, { command }) => {
      const vmid = COMMAND.exec(command)?.[1];
      if (vmid === undefined && isOpenCommand(options.faults, command))
        finish(acceptExec(), { code: 0, stdout: `${command.replace(/^echo /, '')}\n`, stderr: '' });
      else if (vmid === undefined) rejectExec();
      else void run(client, acceptExec(), Number(vmid), options);
    });
  });
}

/**
 * Handles all other commands. A fault of the kind `lie` with the method `SHELL` simulates a key that has no forced
 * command; the only command that is then supported is `echo`.
 */
function isOpenCommand(faults: Faults, command: string): boolean {
  const { kind } = faults.strike('exec', { method: 'SHELL', path: command });
  return kind !== undefined && 'lie' in kind;
}

async function run(
  client: Connection,
  channel: ServerChannel,
  vmid: number,
  options: SshOptions,
): Promise<void> {
  try {
    const stdin = await readAll(channel);
    const script = decodeScript(stdin);
    const at = { method: 'EXEC', path: script?.name ?? '' };
    const { delayMs, kind } = options.faults.strike('exec', at);
    if (delayMs > 0) await delay(delayMs);
    // end the connection, because a changed key takes effect only at the next connection
    if (kind && ('down' in kind || 'denied' in kind || ('drop' in kind && kind.drop === 'before'))) {
      client.end();
      return;
    }
    const whole = injected(kind, script?.marker) ?? (await options.exec(vmid, stdin));
    const isCut = kind && 'cut' in kind;
    const outcome = isCut ? { ...whole, stdout: '' } : whole;
    if (kind && 'drop' in kind) client.end();
    else finish(channel, outcome);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    finish(channel, { code: PCT_FAILED, stdout: '', stderr: `${message}\n` });
  }
}

/**
 * Applies a fault. `status` in a fault is the exit code of the script itself, which the end marker contains. All other
 * codes are exit codes of pct.
 */
function injected(
  kind: ReturnType<Faults['strike']>['kind'],
  marker: string | undefined,
): ExecOutcome | undefined {
  const failure = (code: number, text: string): ExecOutcome => ({ code, stdout: '', stderr: `${text}\n` });
  if (!kind) return undefined;
  if ('status' in kind) {
    const failed = failure(Math.min(kind.status, PCT_FAILED), kind.reason ?? 'injected fault');
    return marker === undefined
      ? failed
      : { ...failed, code: 0, stdout: `\n${marker} ${String(failed.code)}\n` };
  }
  if ('lock' in kind) return failure(PCT_FAILED, `CT is locked (${kind.lock})`);
  if ('taskError' in kind) return failure(PCT_FAILED, kind.taskError);
  return undefined;
}

function finish(channel: ServerChannel, outcome: ExecOutcome): void {
  if (channel.destroyed) return;
  if (outcome.stderr !== '') channel.stderr.write(outcome.stderr);
  // the exit status must be sent after the output, because the client may close the connection as soon as the status
  // arrives
  channel.write(outcome.stdout, () => {
    channel.exit(outcome.code);
    channel.end();
  });
}

/**
 * Reads the input with events, because an iterator would destroy the channel at the end of the input, before the
 * response is sent.
 */
async function readAll(channel: ServerChannel): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    channel.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= STDIN_LIMIT) chunks.push(chunk);
    });
    channel.once('end', () => {
      if (size <= STDIN_LIMIT) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new Error('the standard input is too long'));
    });
    channel.once('close', () => reject(new Error('the connection was closed')));
  });
}

function isAllowed(context: AuthContext, allowed: ParsedKey): boolean {
  if (context.username !== 'root' || context.method !== 'publickey') return false;
  const known = allowed.getPublicSSH();
  if (context.key.algo !== allowed.type || context.key.data.length !== known.length) return false;
  if (!timingSafeEqual(context.key.data, known)) return false;
  if (!context.signature || !context.blob) return true;
  return allowed.verify(context.blob, context.signature, context.hashAlgo);
}

function parseKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw new Error('not an SSH public key', { cause: key });
  return key;
}
