/**
 * Implements `innkeeper module dev`: runs the sandbox with one module of an author, and reads the module again whenever
 * its files change.
 */
import { watch } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { neverAborted } from '../kernel/async/never.js';
import { systemClock } from '../kernel/clock.js';
import { isFields } from '../kernel/is-fields.js';
import type { JsonObject } from '../kernel/json.js';
import { startDaemon } from '../main.js';
import type { AuthoredModule } from '../modules/authoring/read-authored.js';
import { type Access, readAccess } from './access.js';
import { startMemoryEnvironment } from './memory/environment.js';
import { scratchRoots } from './memory/scratch-root.js';

export interface DevOptions {
  readonly module: AuthoredModule;
  /** The folder of the sandbox. */
  readonly stateDir: string;
  readonly apiPort: number;
  /** Product data of the plan `dev`. */
  readonly planData: JsonObject;
  readonly log: NodeJS.WritableStream;
  /** Prints a line for the author. */
  readonly tell: (line: string) => void;
}

/** Editors write a file in several steps. */
const QUIET_MS = 200;
const POLL_MS = 100;
const MOST_POLLS = 300;
const SIZES = { memory_mb: 512, disk_gb: 5, cores: 1, domains: 1, backups: 1 };

/** Resolves with the function that stops everything, when the module can be ordered. */
export async function devModule(
  options: DevOptions,
): Promise<{ readonly access: Access; close(): Promise<void> }> {
  const { module, stateDir, apiPort, log, tell } = options;
  const roots = scratchRoots(join(stateDir, 'roots'), tell);
  const environment = await startMemoryEnvironment({
    ...{ stateDir, apiPort, delays: 0.05, log: () => undefined },
    otherScripts: (vmid, script, signal) => roots.run(vmid, script, signal),
  });
  const closers: (() => Promise<void>)[] = [() => environment.close()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const configFile = await withModule(environment.configFile, options);
    const daemon = await startDaemon({ configFile, logTo: log });
    closers.push(() => daemon.close());
    const access = await readAccess(configFile);
    await rescan(access, module, tell);
    closers.push(watching(dirname(module.path), () => rescan(access, module, tell)));
    return { access, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The configuration of the sandbox with the module, and with a plan for its orders. */
async function withModule(
  written: string,
  { module: { type, name, path }, stateDir, planData }: DevOptions,
): Promise<string> {
  const config: unknown = parse(await readFile(written, 'utf8'));
  if (!isFields(config)) throw new Error(`${written} is not a configuration`);
  const data = Object.keys(planData).length > 0 ? { data: planData } : {};
  const own = type === 'product' ? [{ name: 'dev', module: name, ...SIZES, ...data }] : [];
  const file = join(stateDir, 'dev.yaml');
  const folder = dirname(dirname(dirname(path)));
  const complete = { ...config, modules: { paths: [folder] }, plans: [{ name: 'basic', ...SIZES }, ...own] };
  await writeFile(file, stringify(complete), { mode: 0o600 });
  return file;
}

/** Reads the module again, and prints whether it can be used. */
async function rescan(
  access: Access,
  { type, name }: AuthoredModule,
  tell: (line: string) => void,
): Promise<void> {
  for (;;) {
    const { scanning } = await call(access, 'POST', '/modules/rescan');
    if (scanning !== true) break;
  }
  const path = `/modules/${type}/${name}`;
  const { state: before } = await call(access, 'GET', path);
  await call(access, 'POST', `${path}/${before === 'inactive' ? 'activate' : 'update'}`);
  const view = await settled(access, path);
  if (typeof view['update_problem'] === 'string') {
    tell(`${type}/${name} is error: ${view['update_problem']}`);
    return;
  }
  const [state, version, reason] = ['state', 'version', 'reason'].map((field) => textOf(view[field]));
  tell(
    `${type}/${name} ${version ?? ''} is ${state ?? 'unknown'}${reason === undefined ? '' : `: ${reason}`}`,
  );
}

/** The module when its activation or update has ended. */
async function settled(access: Access, path: string): Promise<Record<string, unknown>> {
  for (let tries = 0; ; tries += 1) {
    const view = await call(access, 'GET', path);
    const isOpen =
      view['state'] === 'updating' || (view['update_available'] === true && view['state'] === 'active');
    if (!isOpen || tries >= MOST_POLLS) return view;
    await systemClock.sleep(POLL_MS, neverAborted());
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

async function call(
  { api, token }: Access,
  method: 'GET' | 'POST',
  path: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: '{}' } : {}),
  });
  const body: unknown = await response.json();
  return isFields(body) ? body : {};
}

/** Calls `changed` after the last of several changes. Returns the function that ends it. */
function watching(folder: string, changed: () => Promise<void>): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const watcher = watch(folder, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(changed).catch(() => undefined);
    }, QUIET_MS);
  });
  return async () => {
    watcher.close();
    clearTimeout(timer);
    await running;
  };
}
