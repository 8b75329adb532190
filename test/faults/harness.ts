/** A memory world and a daemon in this process with short deadlines, for operations under injected faults. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, fetch as undiciFetch } from 'undici';
import { parse, stringify } from 'yaml';
import { hostTime } from '../../src/clock/host-time.js';
import { startDaemon } from '../../src/main.js';
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';
import { freePort } from '../../src/sandbox/ports.js';
import type { Fault } from '../../src/sandbox/environment.js';
import { flatDocument } from '../fakes/parts.js';
import { type World, WORLD_KINDS } from '../fakes/world-kinds.js';

/** After which a call that still goes on is answered with 596: before the daemon's own patience ends. */
const SILENT_MS = 800;

export type Fields = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: Fields;
}

export interface Request {
  readonly n: number;
  readonly method: string;
  readonly path: string;
  /** 0: the connection was closed without an answer. */
  readonly status: number;
}

export interface Stage {
  call(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<Answer>;
  fault(fault: Fault): Promise<string>;
  /** How often it struck. */
  struck(id: string): Promise<number>;
  /** Takes this one away; the others stay. */
  lift(id: string): Promise<void>;
  noFaults(): Promise<void>;
  /** The look-alike's requests since that number. */
  requests(since: number): Promise<Request[]>;
  containers(): Promise<Fields[]>;
  pve(path: string): Promise<unknown>;
  /** Record sets of our zone. */
  zone(): Promise<Fields[]>;
  /** The proxy's records. */
  sites(): Promise<Fields[]>;
  /** The proxy's records of certificates. */
  certificates(): Promise<Fields[]>;
  /** The services' documents as they are on disk. */
  services(): Promise<Fields[]>;
  /** At a customer's own name server. */
  dns(name: string, values: readonly string[], type?: 'A' | 'NS'): Promise<void>;
  /** At ours: customers' zones, as the name server has them. */
  customerZones(): Promise<Fields[]>;
  /** Log lines with an alarm, so far. */
  alarms(): readonly Fields[];
  /** Sets the wall clock of the daemon's host so far ahead of ours; that of the systems stays right. */
  setClock(offsetMs: number): void;
  /**
   * What a person does who reads the log: runs each `pct unlock` that it told for a lock that no task holds. How many
   * that were.
   */
  unlock(): Promise<number>;
  close(): Promise<void>;
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

/** Everything short: the deadlines of the drivers, the pauses between tries, the circuits' pauses. */
function hurried(config: Fields, kind: World): object {
  const { source, holdS } = WORLD_KINDS[kind];
  const host = fieldsOf(config['container_host']);
  const dns = fieldsOf(config['dns']);
  const domains = fieldsOf(config['domains']);
  return {
    ...config,
    container_host: {
      ...host,
      proxmox: { ...fieldsOf(host['proxmox']), request_timeout_s: 2, task_timeout_s: 10 },
    },
    dns: { ...dns, powerdns: { ...fieldsOf(dns['powerdns']), timeout_s: 2 } },
    // all cells' domains are below one
    domains: { ...domains, acme: { ...fieldsOf(domains['acme']), certificates_per_domain_week: 10_000 } },
    jobs: { retry_s: 1 },
    circuits: { pause_s: 1 },
    deletion: { hold_s: holdS, brake: 100_000 },
    products: { wordpress: { ...fieldsOf(fieldsOf(config['products'])['wordpress']), source } },
  };
}

export async function openStage(kind: World = 'template'): Promise<Stage> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-faults-'));
  const log = createWriteStream(join(stateDir, 'agent.log'));
  const world = await startMemoryEnvironment({
    stateDir,
    apiPort: await freePort(),
    delays: 0,
    proxyTimeoutMs: SILENT_MS,
    log: () => {},
  });
  const config = fieldsOf(parse(await readFile(world.configFile, 'utf8')));
  const configFile = join(stateDir, 'own.yaml');
  await writeFile(configFile, stringify(hurried(config, kind)), { mode: 0o600 });
  const alarms: Fields[] = [];
  const unlocks = new Set<string>();
  const lines = new PassThrough().on('data', (chunk: Buffer) => {
    log.write(chunk);
    for (const line of chunk.toString().split('\n')) {
      if (line.includes('"alarm"')) alarms.push(fieldsOf(JSON.parse(line)));
      for (const [, vmid = ''] of line.matchAll(/pct unlock (\d+)/g)) unlocks.add(vmid);
    }
  });
  let offsetMs = 0;
  const time = { ...hostTime(), wall: () => Date.now() + offsetMs };
  const daemon = await startDaemon({ configFile, logTo: lines, around: { time } });
  const secret = async (name: string): Promise<string> =>
    (await readFile(join(stateDir, 'secrets', name), 'utf8')).trim();
  const token = await secret('api-token');
  const pveToken = await secret('pve-token');
  const dispatcher = new Agent({ connect: { ca: await readFile(world.caFile) } });
  const control = async (path: string, method = 'GET', body?: object): Promise<Fields> => {
    const answer = await fetch(`${world.control}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok && method !== 'DELETE') throw new Error(`${path}: ${await answer.text()}`);
    return fieldsOf(await answer.json());
  };
  return {
    async call(method, path, body) {
      const answer = await fetch(daemon.api + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          prefer: 'respond-async',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: fieldsOf(await answer.json()) };
    },
    fault: async (fault) => String((await control('/faults', 'POST', fault))['id']),
    async struck(id) {
      const all = listOf((await control('/faults'))['faults']);
      return Number(all.find((one) => one['id'] === id)?.['struck'] ?? 0);
    },
    async lift(id) {
      await control(`/faults/${id}`, 'DELETE');
    },
    async noFaults() {
      await control('/faults', 'DELETE');
    },
    async requests(since) {
      return listOf((await control(`/requests?since=${since}`))['requests']).map((one) => ({
        n: Number(one['n']),
        method: String(one['method']),
        path: String(one['path']),
        status: Number(one['status']),
      }));
    },
    containers: async () => listOf((await control('/containers'))['containers']),
    async pve(path) {
      for (let left = 3; ; left -= 1) {
        const answer = await undiciFetch(`${world.pve.url}/api2/json${path}`, {
          dispatcher,
          headers: { authorization: `PVEAPIToken=innkeeper@pve!agent=${pveToken}` },
        });
        try {
          return fieldsOf(await answer.json())['data'];
        } catch (error) {
          // a fault that was meant for the daemon, and came late
          if (left === 0) throw error;
        }
      }
    },
    zone: async () =>
      listOf(fieldsOf(JSON.parse(await readFile(join(stateDir, 'dns', 'zone.json'), 'utf8')))['rrsets']),
    sites: () => documents(join(stateDir, 'proxy', 'sites'), ''),
    certificates: () => documents(join(stateDir, 'proxy', 'certificates'), ''),
    async services() {
      const root = join(stateDir, 'agent', 'services');
      const folders = await readdir(root).catch(() => []);
      return (await Promise.all(folders.map((folder) => documents(join(root, folder), '')))).flat();
    },
    async dns(name, values, type = 'A') {
      await control('/dns', 'PUT', { name, type, values });
    },
    customerZones: async () => listOf((await control('/world'))['zones']),
    alarms: () => alarms,
    setClock: (ms) => void (offsetMs = ms),
    async unlock() {
      const tasks = listOf((await control('/tasks'))['tasks']).filter(({ status }) => status === 'running');
      const left = listOf((await control('/containers'))['containers']).filter(
        ({ vmid, config }) =>
          unlocks.has(String(vmid)) &&
          fieldsOf(config)['lock'] !== undefined &&
          !tasks.some(({ id }) => id === String(vmid)),
      );
      for (const { vmid } of left) {
        await control(`/locks/${String(vmid)}`, 'DELETE');
        unlocks.delete(String(vmid));
      }
      return left.length;
    },
    async close() {
      await daemon.close();
      await world.close();
      await dispatcher.close();
      log.destroy();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function documents(folder: string, suffix: string): Promise<Fields[]> {
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith(`${suffix}.json`))
      .map((name) => readFile(join(folder, name), 'utf8').catch(() => '{}')),
  );
  return texts.map((text) => flatDocument(fieldsOf(JSON.parse(text))));
}

/** Asks until `right`, at most `ms`; the last answer, and whether it was right. */
export async function eventually<T>(
  ask: () => Promise<T>,
  right: (value: T) => boolean,
  ms: number,
): Promise<{ value: T; right: boolean }> {
  const late = performance.now() + ms;
  for (;;) {
    const value = await ask();
    if (right(value)) return { value, right: true };
    if (performance.now() > late) return { value, right: false };
    await delay(25);
  }
}
