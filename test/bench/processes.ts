/** Runs the sandbox environment and the daemon as separate processes, as an operator would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parseDocument } from 'yaml';
import type { Held } from './probe.js';
import { readAccess } from '../../src/sandbox/access.js';
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';
import { freePort } from '../fakes/free-port.js';
import { shippedModules } from '../../src/modules/loader.js';

const cli = join(dirname(shippedModules()), 'src', 'innkeeper.cjs');

const Ready = Type.Object({
  api: Type.String(),
  token: Type.String(),
  ca_file: Type.String(),
  proxy: Type.Object({ https_port: Type.Number() }),
  control: Type.String(),
  state_dir: Type.String(),
});

export interface WorldProcess {
  readonly api: string;
  readonly token: string;
  readonly caFile: string;
  readonly httpsPort: number;
  readonly stateDir: string;
  readonly configFile: string;
  readonly control: string;
  close(): Promise<void>;
}

/** Ends the child and removes the folder when the bench ends too abruptly to close them in order. */
function endWithBench(child: ChildProcess, folder?: string): () => void {
  const cleanUp = (): void => {
    child.kill('SIGKILL');
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  return () => void process.off('exit', cleanUp);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** `innkeeper sandbox --world`: everything but the daemon. */
export async function startWorld(backend: 'memory' | 'lxc'): Promise<WorldProcess> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-bench-'));
  // The environment represents other machines, so it has a lower priority than the daemon.
  const child = spawn(
    'nice',
    [
      '-n',
      '10',
      process.execPath,
      cli,
      'sandbox',
      '--world',
      '--until-stdin-ends',
      '--json',
      '--port',
      '0',
      '--backend',
      backend,
      '--state',
      stateDir,
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const closed = endWithBench(child, stateDir);
  const lines = createInterface({ input: child.stdout });
  const first: unknown[] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => {
      throw new Error('the world did not start');
    }),
  ]);
  const said: unknown = JSON.parse(String(first[0]));
  if (!Value.Check(Ready, said)) throw new Error(`not the line expected: ${String(first[0])}`);
  return {
    api: said.api,
    token: said.token,
    caFile: said.ca_file,
    httpsPort: said.proxy.https_port,
    stateDir,
    configFile: join(stateDir, 'innkeeper.yaml'),
    control: said.control,
    async close() {
      await end(child);
      closed();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** The memory environment in this process, without simulated delays. */
export async function startQuickWorld(): Promise<WorldProcess> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-bench-'));
  const world = await startMemoryEnvironment({
    stateDir,
    apiPort: await freePort(),
    delays: 0,
    log: () => {},
  });
  const { api, token, publicEndpoint } = await readAccess(world.configFile);
  return {
    api,
    token,
    caFile: publicEndpoint.caFile,
    httpsPort: publicEndpoint.httpsPort,
    stateDir,
    configFile: world.configFile,
    control: world.control,
    async close() {
      await world.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export interface DaemonProcess {
  readonly readyMs: number;
  /** Resident memory in MiB. */
  rss(): Promise<number>;
  /** Open files and threads as counted by the kernel, and the values from `probe.ts`. */
  held(): Promise<Held & { readonly files: number; readonly threads: number }>;
  close(): Promise<void>;
}

const HeldSchema = Type.Object({
  heapUsed: Type.Number(),
  resources: Type.Record(Type.String(), Type.Number()),
  listeners: Type.Number(),
});

/** Writes the environment's configuration with different values at some paths (`a.b.c`); returns the file. */
export async function configureBeside(
  world: WorldProcess,
  values: Readonly<Record<string, unknown>>,
): Promise<string> {
  const config = parseDocument(await readFile(world.configFile, 'utf8'));
  for (const [path, value] of Object.entries(values)) config.setIn(path.split('.'), value);
  const file = join(world.stateDir, 'bench.yaml');
  await writeFile(file, String(config), { mode: 0o600 });
  return file;
}

/** Starts `innkeeper serve`; resolves when `/ready` succeeds. `probed`: with `probe.ts` loaded. */
export async function startDaemonProcess(
  world: WorldProcess,
  { configFile = world.configFile, probed = false } = {},
): Promise<DaemonProcess> {
  const from = performance.now();
  const probe = join(dirname(cli), '..', 'test', 'bench', 'probe.js');
  const options = probed ? ['--expose-gc', '--import', probe] : [];
  const child = spawn(process.execPath, [...options, cli, 'serve', '--config', configFile], {
    stdio: probed ? ['ignore', 'ignore', 'inherit', 'ipc'] : ['ignore', 'ignore', 'inherit'],
  });
  const closed = endWithBench(child);
  for (;;) {
    if (child.exitCode !== null) throw new Error('the daemon did not start');
    const answer = await fetch(`${world.api}/ready`).catch(() => undefined);
    if (answer?.ok === true) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const proc = `/proc/${child.pid ?? 0}`;
  const numberOf = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(await readFile(`${proc}/status`, 'utf8'))?.[1]);
  return {
    readyMs: performance.now() - from,
    rss: async () => (await numberOf('VmRSS')) / 1024,
    async held() {
      child.send('held?');
      const told: unknown[] = await once(child, 'message');
      const files = (await readdir(`${proc}/fd`)).length;
      return { ...Value.Parse(HeldSchema, told[0]), files, threads: await numberOf('Threads') };
    },
    async close() {
      await end(child);
      closed();
    },
  };
}

export async function post(
  world: WorldProcess,
  path: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(world.api + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: fields(await answer.json()) };
}

/**
 * Misbehaves like a bad client: closes a stream or a waiting request, aborts a body, has an unknown token, or sends
 * invalid data.
 */
export async function rudeClient({ api, token }: WorldProcess, n: number): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asks: readonly (readonly [path: string, init: RequestInit])[] = [
    ['/jobs/00000000-0000-7000-8000-000000000000/events', { headers }],
    ['/action/restart', { method: 'POST', headers, body: '{"service_id":"nobody"}' }],
    ['/create-site', { method: 'POST', headers, body: '{"service_id":' }],
    ['/status?service_id=soak0', { headers: { authorization: 'Bearer wrong' } }],
    ['/services?limit=1000', { headers }],
    ['/events?after=0', { headers }],
  ];
  const [path, init] = asks[n % asks.length] ?? ['/health', {}];
  // half of them do not wait for the response
  const signal = AbortSignal.timeout(n % 2 === 0 ? 2 : 5_000);
  await fetch(api + path, { ...init, signal })
    .then((answer) => answer.text())
    .catch(() => undefined);
}

export async function get(world: WorldProcess, path: string): Promise<unknown> {
  return (await ask(world, path)).body;
}

export async function ask(
  world: WorldProcess,
  path: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(world.api + path, { headers: { authorization: `Bearer ${world.token}` } });
  return { status: answer.status, body: fields(await answer.json()) };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
