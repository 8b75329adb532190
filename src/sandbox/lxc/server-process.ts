/**
 * Runs a server (nginx, PowerDNS, sshd) as a child of this process. Its output is written to a file. The server is
 * treated as ready when it responds. It is stopped by its process ID.
 */
import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isAlive, signal } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';

export interface ServerProcess {
  readonly process: ProcessIdentity;
  close(): Promise<void>;
}

export interface ServerSpec {
  /** The name of the server in messages, such as `PowerDNS`. */
  readonly name: string;
  readonly argv: readonly string[];
  /** The file for the standard output and standard error of the server. */
  readonly logFile: string;
  /** Returns true once the server is ready. The function is called repeatedly until then. */
  readonly isReady: () => Promise<boolean>;
}

const READY_MS = 20_000;
const STOP_MS = 5_000;

export async function startServer(spec: ServerSpec): Promise<ServerProcess> {
  const log = await open(spec.logFile, 'a');
  // If this process is killed, the kernel ends the server.
  const args = ['--pdeathsig', 'TERM', '--', ...spec.argv];
  const child = spawn('setpriv', args, { stdio: ['ignore', log.fd, log.fd], cwd: '/' });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
  await log.close();
  const server = child.pid === undefined ? undefined : identify(child.pid);
  if (server === undefined) throw new Error(`${spec.name} did not start: ${await tail(spec.logFile)}`);
  const close = async (): Promise<void> => {
    signal(server, 'SIGTERM');
    const forced = setTimeout(() => signal(server, 'SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(forced);
  };
  try {
    await waitReady(spec, server);
  } catch (error) {
    await close();
    throw error;
  }
  return { process: server, close };
}

async function waitReady(spec: ServerSpec, server: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await spec.isReady())) {
    if (!isAlive(server)) throw new Error(`${spec.name} ended during its start: ${await tail(spec.logFile)}`);
    if (Date.now() > deadline)
      throw new Error(`${spec.name} did not become ready: ${await tail(spec.logFile)}`);
    await delay(20);
  }
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-4).join(' | ').slice(-800) || 'no message';
}
