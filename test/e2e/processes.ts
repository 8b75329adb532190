/** The lxc world, the daemon and the panel as processes of their own, as in an operator's machine room. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { projectRoot } from '../tools/project-root.js';

const root = projectRoot();
const cli = join(root, 'dist/src/innkeeper.cjs');

const Ready = Type.Object({
  api: Type.String(),
  token: Type.String(),
  ca_file: Type.String(),
  proxy: Type.Object({ https_port: Type.Integer() }),
  dns: Type.Object({ host: Type.String(), port: Type.Integer() }),
  control: Type.String(),
  state_dir: Type.String(),
});
export type Ready = Static<typeof Ready>;

export interface Running<T> {
  readonly told: T;
  /** Ends it with the signal and waits until it is gone; resolves with the exit code (null after a kill). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** `innkeeper sandbox --world --backend lxc`. The first one on a machine makes the base system. */
export async function startWorld(stateDir: string): Promise<Running<Ready>> {
  // Any port the first time; the same one again later.
  const port = existsSync(join(stateDir, 'innkeeper.yaml')) ? [] : ['--port', '0'];
  const args = ['sandbox', '--world', '--json', ...port, '--backend', 'lxc', '--state', stateDir];
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await firstLine(child, 'the world');
  return { told: checked(Ready, JSON.parse(first)), stop: (signal) => stop(child, signal) };
}

/** `innkeeper serve`; resolves when it is ready. */
export async function startDaemon(api: string, configFile: string): Promise<Running<undefined>> {
  const child = spawn(process.execPath, [cli, 'serve', '--config', configFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const deadline = Date.now() + 60_000;
  while ((await fetch(`${api}/ready`).catch(() => undefined))?.ok !== true) {
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error('the daemon did not get ready');
    }
    if (child.exitCode !== null) throw new Error(`the daemon ended with code ${child.exitCode}`);
    await delay(20);
  }
  return { told: undefined, stop: (signal) => stop(child, signal) };
}

async function firstLine(
  child: ChildProcess & { stdout: NodeJS.ReadableStream },
  name: string,
): Promise<string> {
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended with code ${child.exitCode} before it was ready`);
  });
  const said: unknown[] = await Promise.race([once(lines, 'line'), ended]);
  return String(said[0]);
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

/** Runs the command line to its end; rejects with what it said when it fails. */
export async function innkeeper(...args: string[]): Promise<string> {
  return command(process.execPath, [cli, ...args], 20 * 60_000);
}

export async function command(file: string, args: readonly string[], timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: timeoutMs, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file} ${args.join(' ')}: ${error.message} ${stdout} ${stderr}`));
      else resolve(stdout);
    });
  });
}

const PanelAnswer = Type.Object({
  ok: Type.Boolean(),
  answer: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
});

type Door = Pick<Ready, 'api' | 'token'>;

/** One call of the panel's PHP client; the answer's fields, or an Error with the exception's message. */
export async function panel(door: Door, method: string, ...args: string[]): Promise<Record<string, unknown>> {
  const answer = await askPhp(door, { method, arguments: args });
  return typeof answer === 'object' && answer !== null ? { ...answer } : {};
}

/** A service as the panel knows it. */
export interface PanelService {
  readonly id: number;
  readonly status: string;
  readonly email: string;
  readonly product: string;
  readonly plan?: string;
}

export interface HookOptions {
  readonly publicIp?: string;
  /** What the client area's form sent. */
  readonly input?: Readonly<Record<string, string>>;
  /** Whether the client's exceptions end in the answer's body. */
  readonly tellsBody?: boolean;
}

/** One hook of the panel's PHP extension; what it returns, or an Error with the exception's message. */
export async function extension(
  door: Door,
  hook: string,
  service: PanelService,
  { publicIp = '', input = {}, tellsBody = false }: HookOptions = {},
): Promise<unknown> {
  return askPhp(door, { hook, service, input, public_ip: publicIp, tells_body: tellsBody });
}

async function askPhp({ api, token }: Door, asked: object): Promise<unknown> {
  const child = spawn('php', [join(root, 'test/php/panel.php')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ base: api, token, ...asked }));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  const { ok, answer, error } = checked(PanelAnswer, JSON.parse(text));
  if (!ok) throw new Error(error);
  return answer;
}

export function checked<S extends TSchema>(schema: S, value: unknown): Static<S> {
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  throw new Error(
    `${first?.instancePath ?? ''} ${first?.message ?? ''}: ${JSON.stringify(value).slice(0, 500)}`,
  );
}

/** GET as JSON with the panel's token. */
export async function get<S extends TSchema>(ready: Ready, path: string, schema: S): Promise<Static<S>> {
  const url = path.startsWith('http') ? path : `${ready.api}${path}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${ready.token}` } });
  return checked(schema, await answer.json());
}

export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8');
}
