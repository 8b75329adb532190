/** The embedded SSH server of one node: takes one client key and one command, `pct exec <vmid> --keep-env 0 -- /bin/sh -s`, as a locked-down sshd would. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import { decodeScript } from '../../drivers/exec/script.js';
import type { Fault } from '../world.js';
import type { Strike } from './strike.js';

const COMMAND = /^pct exec (\d{1,9}) --keep-env 0 -- \/bin\/sh -s$/;
/** OpenSSH's default `MaxSessions`. */
const MAX_SESSIONS = 10;
const STDIN_LIMIT = 16 * 1024 * 1024;
/** What pct's own failures end with. */
const PCT_FAILED = 255;

export interface ExecOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshOptions {
  readonly port: number;
  /** Private key, OpenSSH format. */
  readonly hostKey: string;
  /** Public key that may log in as root, `ssh-ed25519 AAAA...`. */
  readonly clientKey: string;
  /** A rejection is told on standard error, as pct tells its own failures. */
  readonly exec: (vmid: number, stdin: string) => Promise<ExecOutcome>;
  readonly strike: Strike;
}

/** Listens on 127.0.0.1. */
export async function startSsh(options: SshOptions): Promise<{ close(): Promise<void> }> {
  const allowed = parseKey(options.clientKey);
  const server = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    serve(client, allowed, options);
  });
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    server.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

function serve(client: Connection, allowed: ParsedKey, options: SshOptions): void {
  let sessions = 0;
  // A client that goes away in the middle is no news
  client.on('error', () => client.end());
  client.on('authentication', (context) => {
    if (isAllowed(context, allowed)) context.accept();
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
      if (vmid === undefined) rejectExec();
      else void run(client, acceptExec(), Number(vmid), options);
    });
  });
}

async function run(
  client: Connection,
  channel: ServerChannel,
  vmid: number,
  options: SshOptions,
): Promise<void> {
  try {
    const stdin = await readAll(channel);
    const fault = options.strike('exec', 'EXEC', decodeScript(stdin)?.name ?? '');
    if (fault && 'delayMs' in fault) await delay(fault.delayMs);
    if (fault && ('down' in fault || ('drop' in fault && fault.drop === 'before'))) {
      client.end();
      return;
    }
    const outcome = injected(fault) ?? (await options.exec(vmid, stdin));
    if (fault && 'drop' in fault) client.end();
    else finish(channel, outcome);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    finish(channel, { code: PCT_FAILED, stdout: '', stderr: `${message}\n` });
  }
}

function injected(fault: Fault['kind'] | undefined): ExecOutcome | undefined {
  const failure = (code: number, text: string): ExecOutcome => ({ code, stdout: '', stderr: `${text}\n` });
  if (!fault) return undefined;
  if ('status' in fault) return failure(Math.min(fault.status, PCT_FAILED), fault.reason ?? 'injected fault');
  if ('lock' in fault) return failure(PCT_FAILED, `CT is locked (${fault.lock})`);
  if ('taskError' in fault) return failure(PCT_FAILED, fault.taskError);
  return undefined;
}

function finish(channel: ServerChannel, outcome: ExecOutcome): void {
  if (channel.destroyed) return;
  if (outcome.stderr !== '') channel.stderr.write(outcome.stderr);
  // The exit status has to follow the output: the client may close at once when it comes
  channel.write(outcome.stdout, () => {
    channel.exit(outcome.code);
    channel.end();
  });
}

async function readAll(channel: ServerChannel): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of channel) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > STDIN_LIMIT) throw new Error('the standard input is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
