/** An environment that stays, a daemon that can die at any time, and a panel that sends requests. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Static, type TSchema, Type } from 'typebox';
import { parse, stringify } from 'yaml';
import { readAccess } from '../../src/sandbox/access.js';
import { freePort } from '../../src/sandbox/ports.js';
import type { Fault } from '../../src/sandbox/environment.js';
import { type World, WORLD_KINDS } from '../fakes/world-kinds.js';
import { asObject, fields } from '../http/harness.js';
import type { Death, Point } from './boundaries.js';
import { type Child, Gone, startChild } from './child.js';
import { PointSchema, WorldReady } from './messages.js';

export interface RigOptions {
  readonly world: World;
  /** Factor on the environment's delays. */
  readonly delays: number;
}

export interface Answer {
  /** 0: no response. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly path: string;
  /** Default: POST. */
  readonly method?: 'PATCH';
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Rig {
  readonly stateDir: string;
  readonly caFile: string;
  readonly httpsPort: number;
  /** Starts the daemon; false if it was killed during the start. */
  start(death?: Death): Promise<boolean>;
  /** Sets where the running daemon dies; undefined: nowhere. */
  set(death: Death | undefined): Promise<void>;
  /** The points passed since then. */
  passed(): Promise<readonly Point[]>;
  /**
   * Sets the wall clock of the daemon's host this many ms ahead, now and for every start. The environment keeps the
   * right time.
   */
  setClock(aheadMs: number): Promise<void>;
  /** Kills the daemon now. */
  kill(): Promise<void>;
  isDown(): boolean;
  /** Resolves when the daemon has ended. */
  gone(): Promise<void>;
  /** Never rejects; `status` is 0 without a complete response. */
  get(path: string): Promise<Answer>;
  post(call: Call): Promise<Answer>;
  /** Calls the environment's control endpoint. */
  control(method: string, path: string, body?: object): Promise<unknown>;
  fault(fault: Fault): Promise<void>;
  close(): Promise<void>;
  /** Ends both and keeps all files; returns the folder. */
  leave(): Promise<string>;
}

/** Enough plans, each with a larger disk than the previous one, for repeated upgrades of a site. */
const PLANS = Array.from({ length: 200 }, (_, n) => ({
  name: planName(n),
  memory_mb: 256 + (n % 2) * 128,
  swap_mb: 128,
  disk_gb: 10 + n,
  cores: 1,
  domains: 3,
  backups: 3,
}));

export function planName(n: number): string {
  return `p${String(n).padStart(3, '0')}`;
}

export async function openRig(options: RigOptions): Promise<Rig> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-chaos-'));
  const worldLog = join(stateDir, 'world.log');
  const world = startChild(
    'environment',
    [stateDir, String(await freePort()), String(options.delays)],
    worldLog,
  );
  try {
    const told = await world.hear(WorldReady);
    const configFile = await writeConfig(stateDir, told.configFile, options);
    const { api, token } = await readAccess(told.configFile);
    return rigOf({ ...told, stateDir, world, configFile, api, token });
  } catch (error) {
    await world.kill();
    throw error;
  }
}

/** The configuration has so few numbers and addresses that a leak is noticed. */
async function writeConfig(stateDir: string, from: string, options: RigOptions): Promise<string> {
  const { source, holdS } = WORLD_KINDS[options.world];
  const config = fields(parse(await readFile(from, 'utf8')));
  const host = fields(config['container_host']);
  const file = join(stateDir, 'chaos.yaml');
  const own = {
    ...config,
    api: {
      ...fields(config['api']),
      rate_limit: { main_thread_ms_per_s: 0, reads_per_s: 0, actions_per_minute: 0 },
    },
    container_host: { ...host, proxmox: { ...fields(host['proxmox']), vmids: { first: 1000, last: 1029 } } },
    addresses: {
      pools: [{ name: 'chaos', first: '10.77.0.10', last: '10.77.0.39', prefix: 22, gateway: '10.77.0.1' }],
    },
    deletion: { hold_s: holdS, brake: 1_000_000 },
    // on a busy machine a system may seem down for a moment: that must cost a second, and not a growing pause of at
    // least half a minute
    jobs: { retry_s: 1 },
    circuits: { pause_s: 1 },
    plans: PLANS,
    products: { wordpress: { source } },
  };
  await writeFile(file, stringify(own), { mode: 0o600 });
  return file;
}

interface Parts {
  readonly stateDir: string;
  readonly world: Child;
  readonly configFile: string;
  readonly api: string;
  readonly token: string;
  readonly control: string;
  readonly caFile: string;
  readonly httpsPort: number;
}

const CALL_MS = 30_000;

function rigOf(parts: Parts): Rig {
  const { stateDir, world, configFile, control } = parts;
  const headers = { authorization: `Bearer ${parts.token}`, 'content-type': 'application/json' };
  let daemon: Child | undefined;
  let aheadMs = 0;
  let turn: Promise<unknown> = Promise.resolve();
  /**
   * One exchange at a time: responses come in the order of the requests, and a starting daemon first reports that it
   * is ready.
   */
  const inTurn = <T>(talk: () => Promise<T>): Promise<T> => {
    const said = turn.then(talk);
    turn = said.catch(() => {});
    return said;
  };
  const question = <T extends TSchema>(order: object, answer: T): Promise<Static<T>> =>
    inTurn(() => {
      const child = running();
      child.say(order);
      return child.hear(answer);
    });
  const running = (): Child => {
    if (!daemon) throw new Error('the daemon was not started');
    return daemon;
  };
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    try {
      const signal = AbortSignal.timeout(CALL_MS);
      const answer = await fetch(parts.api + path, { ...init, signal });
      return { status: answer.status, body: asObject(await answer.text()) };
    } catch {
      return { status: 0, body: {} };
    }
  };
  const callControl: Rig['control'] = async (method, path, body) => {
    const init = body ? { headers, body: JSON.stringify(body) } : {};
    const answer = await fetch(control + path, { method, ...init });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  const end = async (): Promise<void> => {
    await daemon?.kill();
    await world.kill();
  };
  return {
    stateDir,
    caFile: parts.caFile,
    httpsPort: parts.httpsPort,
    async start(death) {
      const args = [configFile, JSON.stringify(death ?? null), String(aheadMs)];
      const child = startChild('daemon', args, join(stateDir, 'agent.log'));
      daemon = child;
      try {
        await inTurn(() => child.hear(Type.Object({ ready: Type.Literal(true) })));
        return true;
      } catch (error) {
        if (error instanceof Gone && child.wasKilled()) return false;
        throw error;
      }
    },
    async set(death) {
      await question({ set: death ?? null }, Type.Object({ set: Type.Literal(true) }));
    },
    async passed() {
      return (await question({ list: true }, Type.Object({ passed: Type.Array(PointSchema) }))).passed;
    },
    async setClock(ms) {
      aheadMs = ms;
      // a stopped daemon gets it at its next start
      await question({ clock: ms }, Type.Object({ clock: Type.Literal(true) })).catch(() => {});
    },
    kill: () => running().kill(),
    isDown: () => running().isGone(),
    gone: () => running().gone,
    get: (path) => ask(path, { headers }),
    post: ({ path, method = 'POST', body, headers: more }) =>
      ask(path, { method, headers: { ...headers, ...more }, body: JSON.stringify(body) }),
    control: callControl,
    async fault(fault) {
      await callControl('POST', '/faults', fault);
    },
    async close() {
      await end();
      await rm(stateDir, { recursive: true, force: true });
    },
    async leave() {
      for (const what of ['/world', '/requests'])
        await writeFile(
          join(stateDir, `${what.slice(1)}.json`),
          JSON.stringify(await callControl('GET', what), null, 1),
        );
      await end();
      return stateDir;
    },
  };
}
