/**
 * An sshd in this process, on ssh2's own Server: runs `pct` for a client with the right key, and fails as configured.
 */
import { spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import { newKeyPair } from '../../src/sandbox/ssh-keys.js';

const { Server, utils } = ssh2;

export interface KeyPair {
  readonly private: string;
  /** `<type> <base64>` */
  readonly public: string;
}

export function keyPair(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): KeyPair {
  if (type === 'ed25519') return newKeyPair('');
  if (type === 'rsa') return utils.generateKeyPairSync('rsa', { bits: 2048 });
  return utils.generateKeyPairSync('ecdsa', { bits: 256 });
}

export function hashedName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

export interface FakeSshd {
  readonly port: number;
  connections: number;
  channels: number;
  mostChannels: number;
  readonly commands: string[];
  /** What to do with the next commands instead of running them. */
  readonly faults: ('break before' | 'break after input' | 'no status' | 'refuse')[];
  breakAll(): void;
  close(): Promise<void>;
}

export async function fakeSshd(options: {
  readonly hostKeys: readonly string[];
  readonly userKey: string;
  readonly pct: string;
}): Promise<FakeSshd> {
  const open = new Set<Connection>();
  const wanted = fingerprint(Buffer.from(options.userKey.split(' ')[1] ?? '', 'base64'));
  const server = new Server({ hostKeys: [...options.hostKeys] }, (client) => {
    sshd.connections++;
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => {});
    client.on('authentication', (asked) => {
      if (asked.method === 'publickey' && fingerprint(asked.key.data) === wanted) asked.accept();
      else asked.reject(['publickey']);
    });
    client.on('session', (accept, reject) => {
      if (sshd.channels >= 10) {
        reject();
        return;
      }
      sshd.mostChannels = Math.max(sshd.mostChannels, ++sshd.channels);
      const session = accept();
      session.on('close', () => sshd.channels--);
      session.on('exec', (acceptExec, rejectExec, { command }) => {
        const fault = sshd.faults.shift();
        if (fault === 'break before') return client.end();
        if (fault === 'refuse') {
          rejectExec();
          return;
        }
        sshd.commands.push(command);
        const channel = acceptExec();
        if (fault === 'break after input') channel.once('data', () => client.end());
        else run(channel, [options.pct, ...command.split(' ').slice(1)], fault === 'no status');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sshd: FakeSshd = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    channels: 0,
    mostChannels: 0,
    commands: [],
    faults: [],
    breakAll() {
      for (const client of open) client.end();
    },
    async close() {
      for (const client of open) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sshd;
}

function run(channel: ServerChannel, [program = '', ...args]: string[], silent: boolean): void {
  const child = spawn(program, args);
  channel.pipe(child.stdin);
  child.stdin.on('error', () => {});
  channel.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
  child.on('close', (code, signal) => {
    if (channel.destroyed) return;
    if (silent) channel.close();
    else channel.exit(signal ? 137 : (code ?? 255));
    channel.end();
  });
}

function fingerprint(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64');
}
