/** A memory world in this process and the real `innkeeper serve` beside it, so that signals and kills can be tried. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { parse, stringify } from 'yaml';
import { shippedModules } from '../../src/modules/loader.js';
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';
import type { Fault, Environment } from '../../src/sandbox/environment.js';
import { asObject, fields } from '../http/harness.js';
import { testFolder } from '../test-folder.js';

export const CLI = join(dirname(shippedModules()), 'src', 'cli.js');

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Served {
  readonly child: ChildProcess;
  readonly api: string;
  /** Exit code, null after a kill. */
  readonly gone: Promise<number | null>;
  /** Its standard error. */
  readonly said: () => string;
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer>;
}

export interface Surroundings {
  readonly world: Environment;
  readonly stateDir: string;
  readonly configFile: string;
  /** @param before what starts it, as an argv prefix */
  readonly serve: (before?: readonly string[]) => Promise<Served>;
  readonly fault: (fault: Fault) => Promise<void>;
  readonly noFaults: () => Promise<void>;
  /** The documents of all services, as they lie on the disk. */
  readonly documents: () => Promise<Record<string, unknown>[]>;
}

export async function surroundings(t: Test, changes: object = {}): Promise<Surroundings> {
  const stateDir = testFolder(t);
  const world = await startMemoryEnvironment({ stateDir, apiPort: 0, delays: 0, log: () => {} });
  t.teardown(() => world.close());
  const configFile = join(stateDir, 'own.yaml');
  const config = fields(parse(await readFile(world.configFile, 'utf8')));
  await writeFile(configFile, stringify({ ...config, ...changes }), { mode: 0o600 });
  const token = (await readFile(join(stateDir, 'secrets', 'api-token'), 'utf8')).trim();
  const control = async (method: string, body?: object): Promise<void> => {
    const answer = await fetch(`${world.control}/faults`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  return {
    world,
    stateDir,
    configFile,
    serve: (before = []) => serve(t, configFile, token, before),
    fault: (fault) => control('POST', fault),
    noFaults: () => control('DELETE'),
    async documents() {
      const folder = join(stateDir, 'agent', 'services');
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      const files = names.filter((name) => name.endsWith('.json'));
      return Promise.all(files.map(async (name) => asObject(await readFile(join(folder, name), 'utf8'))));
    },
  };
}

async function serve(t: Test, configFile: string, token: string, before: readonly string[]): Promise<Served> {
  const [program, ...args] = [...before, process.execPath, CLI, 'serve', '--config', configFile] as const;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    process.stderr.write(chunk);
  });
  t.teardown(() => child.kill('SIGKILL'));
  const gone = once(child, 'exit').then(() => child.exitCode);
  const api = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, api: url } = asObject(line);
      if (msg === 'innkeeper is ready') resolve(String(url));
    });
    void gone.then((code) => reject(new Error(`it ended with ${String(code)}`)));
  });
  return {
    child,
    api,
    gone,
    said: () => said,
    async call(method, path, body) {
      const answer = await fetch(api + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: asObject(await answer.text()) };
    },
  };
}

/** Asks until it is so. */
export async function until<T>(ask: () => Promise<T>, right: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (right(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
