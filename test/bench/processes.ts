/** The world and the daemon as processes of their own, as an operator would run them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { shippedModules } from '../../src/modules/loader.js';

const cli = join(dirname(shippedModules()), 'src', 'innkeeper.cjs');

const Ready = Type.Object({
  api: Type.String(),
  token: Type.String(),
  ca_file: Type.String(),
  proxy: Type.Object({ https_port: Type.Number() }),
  state_dir: Type.String(),
});

export interface WorldProcess {
  readonly api: string;
  readonly token: string;
  readonly caFile: string;
  readonly httpsPort: number;
  readonly stateDir: string;
  readonly configFile: string;
  close(): Promise<void>;
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
  // The world stands for other machines: it gives way to the daemon.
  const child = spawn(
    'nice',
    [
      '-n',
      '10',
      process.execPath,
      cli,
      'sandbox',
      '--world',
      '--json',
      '--port',
      '0',
      '--backend',
      backend,
      '--state',
      stateDir,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
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
    async close() {
      await end(child);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

export interface DaemonProcess {
  readonly readyMs: number;
  /** Resident memory in MiB. */
  rss(): Promise<number>;
  close(): Promise<void>;
}

/** `innkeeper serve`; resolves when `/ready` says so. */
export async function startDaemonProcess(world: WorldProcess): Promise<DaemonProcess> {
  const from = performance.now();
  const child = spawn(process.execPath, [cli, 'serve', '--config', world.configFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error('the daemon did not start');
    const answer = await fetch(`${world.api}/ready`).catch(() => undefined);
    if (answer?.ok === true) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    readyMs: performance.now() - from,
    async rss() {
      const text = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
    },
    close: () => end(child),
  };
}

export async function post(
  world: WorldProcess,
  path: string,
  body: object,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(world.api + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

export async function get(world: WorldProcess, path: string): Promise<unknown> {
  return (await fetch(world.api + path, { headers: { authorization: `Bearer ${world.token}` } })).json();
}
