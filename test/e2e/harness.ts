/**
 * A memory world with the real daemon against it, in this process, as a panel, a visitor and an operator see them:
 * what most end-to-end tests need.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { Agent, fetch as undiciFetch } from 'undici';
import { parse, stringify } from 'yaml';
import { type RunningDaemon, startDaemon } from '../../src/main.js';
import {
  startMemoryEnvironment,
  type MemoryEnvironmentOptions,
} from '../../src/sandbox/memory/environment.js';
import type { Fault, Environment } from '../../src/sandbox/environment.js';
import { asObject, fields } from '../http/harness.js';
import { Visitor } from './visitor.js';
import { PANEL_PERMISSIONS } from '../../src/model/permissions.js';

export type Fields = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly body: Fields;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** What is said to the daemon's API. */
interface Panel {
  readonly call: (method: Method, path: string, body?: object, headers?: object) => Promise<Answer>;
  readonly get: (path: string) => Promise<Answer>;
  /** The answer as it came. */
  readonly text: (path: string) => Promise<string>;
  readonly post: (path: string, body: object) => Promise<Answer>;
  /** Where the answer is 202 (a busy machine), waits for the job and asks again: for calls that may be repeated. */
  settled(path: string, body: object): Promise<Answer>;
  status(id: string): Promise<Fields>;
  job(status: Fields): Promise<Fields>;
  /** Orders it and waits until it is completed. */
  make(id: string, also?: object): Promise<void>;
  /** Asks until the answer is right; fails after a minute with the last answer. */
  readonly until: (path: string, right: (body: Fields) => boolean) => Promise<Fields>;
  readonly untilStatus: (id: string, right: (status: Fields) => boolean) => Promise<Fields>;
}

/** What is done to the world behind the daemon. */
interface Outside {
  visitor(host: string): Visitor;
  /** Injects a fault; returns the way to lift it. */
  fault(fault: Fault): Promise<() => Promise<void>>;
  noFaults(): Promise<void>;
  /** As `pct unlock` does it. */
  unlock(vmid: number): Promise<void>;
  /** The container is lost as with its storage: what HA has of it stays. */
  lose(vmid: number): Promise<void>;
  /** Sets records at somebody else's name server, as a customer does. */
  dns(name: string, type: string, values: readonly string[]): Promise<void>;
  containers(): Promise<readonly Fields[]>;
  /** A call of the look-alike, as the agent makes it. */
  pve(path: string, method?: 'PUT' | 'POST', params?: Record<string, string>): Promise<unknown>;
}

export interface House extends Panel, Outside {
  readonly world: Environment;
  readonly configFile: string;
  readonly log: readonly string[];
  /** With a token of another panel's. */
  readonly staging: Pick<Panel, 'post' | 'get'>;
  /** Ends the daemon and starts it again over the same state. */
  restart(): Promise<void>;
  /** Changes the site's title as its administrator does. */
  retitle(id: string, title: string): Promise<void>;
}

export type HouseOptions = Pick<MemoryEnvironmentOptions, 'storageType' | 'delays'> & {
  readonly deletion?: object;
  /** Parts of the config file that are replaced. */
  readonly config?: (written: Fields, stateDir: string) => Promise<Fields>;
};

const PATIENCE_MS = 60_000;
/**
 * Between two questions. Many wait at once: asked every few milliseconds, the daemon would be busy with the answers.
 */
const PAUSE = { firstMs: 10, factor: 1.4, longestMs: 250 };
const STAGING_TOKEN = `ink_${randomBytes(32).toString('base64url')}`;

/** Its sub-domain becomes the id, or `s1` where that is a number. */
export const order = (id: string, also: object = {}): object => ({
  service_id: id,
  email: `${/^\d/.test(id) ? 's' : ''}${id}@example.com`,
  plan: 'basic',
  public_ip: '203.0.113.10',
  ...also,
});

export async function openHouse(
  t: Test,
  { deletion = { hold_s: 0 }, delays = 0, config = async () => ({}), ...options }: HouseOptions = {},
): Promise<House> {
  // not tap's own folder: that one is removed before the daemon that writes into it has been closed
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-house-'));
  t.teardown(() => rm(stateDir, { recursive: true, force: true }));
  const world = await startMemoryEnvironment({ stateDir, apiPort: 0, delays, log: () => {}, ...options });
  t.teardown(() => world.close());
  const written = fields(parse(await readFile(world.configFile, 'utf8')));
  const configFile = join(stateDir, 'own.yaml');
  const api = await withStaging(fields(written['api']), stateDir);
  // a passing failure is tried again: what fails for long shall end within the time that a call waits
  const jobs = { retry_s: 1 };
  const circuits = { pause_s: 1 };
  const own = { ...written, api, deletion, jobs, circuits, ...(await config(written, stateDir)) };
  await writeFile(configFile, stringify(own), { mode: 0o600 });
  const log: string[] = [];
  const logTo = new PassThrough().on('data', (chunk: Buffer) => log.push(chunk.toString()));
  let daemon: RunningDaemon = await startDaemon({ configFile, logTo });
  t.teardown(() => daemon.close());
  const secret = async (name: string): Promise<string> =>
    (await readFile(join(stateDir, 'secrets', name), 'utf8')).trim();
  const panel = panelOf(() => daemon.api, await secret('api-token'));
  const outside = outsideOf(world, await secret('pve-token'));
  return {
    ...panel,
    ...outside,
    world,
    configFile,
    log,
    staging: panelOf(() => daemon.api, STAGING_TOKEN),
    async restart() {
      await daemon.close();
      daemon = await startDaemon({ configFile, logTo });
    },
    async retitle(id, title) {
      const { body } = await panel.get(`/services/${id}/credentials`);
      const guest = outside.visitor(new URL(String(body['url'])).hostname);
      await guest.open('/wp-login.php', { log: String(body['username']), pwd: String(body['password']) });
      await guest.open('/wp-admin/options.php', { blogname: title });
    },
  };
}

async function withStaging(api: Fields, stateDir: string): Promise<Fields> {
  const file = join(stateDir, 'secrets', 'staging-token');
  await writeFile(file, STAGING_TOKEN, { mode: 0o600 });
  const token = { name: 'staging', panel: 'staging', permissions: [...PANEL_PERMISSIONS], secret: { file } };
  return { ...api, tokens: [...Object.values(fields(api['tokens'])), token] };
}

function panelOf(api: () => string, token: string): Panel {
  const call: Panel['call'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(api() + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: asObject(await answer.text()) };
  };
  const until: Panel['until'] = async (path, right) => {
    const late = Date.now() + PATIENCE_MS;
    for (let pauseMs = PAUSE.firstMs; ; pauseMs = Math.min(pauseMs * PAUSE.factor, PAUSE.longestMs)) {
      const { body } = await call('GET', path);
      if (right(body)) return body;
      if (Date.now() > late) throw new Error(`waited in vain; last: ${JSON.stringify(body)}`);
      await delay(pauseMs);
    }
  };
  return {
    call,
    until,
    get: (path) => call('GET', path),
    text: async (path) =>
      (await fetch(api() + path, { headers: { authorization: `Bearer ${token}` } })).text(),
    post: (path, body) => call('POST', path, body),
    async settled(path, body) {
      const answer = await call('POST', path, body);
      if (answer.status !== 202) return answer;
      await until(`/jobs/${String(answer.body['job_id'])}`, ({ ended_at: ended }) => ended !== null);
      return call('POST', path, body);
    },
    status: async (id) => (await call('GET', `/status?service_id=${id}`)).body,
    job: async (status) => (await call('GET', `/jobs/${String(fields(status['job'])['id'])}`)).body,
    untilStatus: (id, right) => until(`/status?service_id=${id}`, right),
    async make(id, also = {}) {
      const { body } = await call('POST', '/create-site', order(id, also));
      const job = await until(`/jobs/${String(body['job_id'])}`, ({ ended_at: ended }) => ended !== null);
      if (job['status'] !== 'completed') throw new Error(JSON.stringify(job));
    },
  };
}

function outsideOf(world: Environment, pveToken: string): Outside {
  const control = async (method: Method, path: string, body?: object): Promise<Fields> => {
    const answer = await fetch(world.control + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text === '' ? {} : asObject(text);
  };
  return {
    visitor: (host) =>
      new Visitor(
        { ca_file: world.caFile, proxy: { https_port: world.proxy.httpsPort }, dns: world.dns },
        host,
      ),
    async fault(fault) {
      const { id } = await control('POST', '/faults', fault);
      if (typeof id !== 'string') throw new Error('the fault has no id');
      return async () => {
        await control('DELETE', `/faults/${id}`);
      };
    },
    async noFaults() {
      await control('DELETE', '/faults');
    },
    async unlock(vmid) {
      await control('DELETE', `/locks/${vmid}`);
    },
    async lose(vmid) {
      await control('DELETE', `/containers/${vmid}`);
    },
    async dns(name, type, values) {
      await control('PUT', '/dns', { name, type, values });
    },
    containers: async () =>
      Object.values(fields((await control('GET', '/containers'))['containers'])).map(fields),
    async pve(path, method, params) {
      const dispatcher = new Agent({ connect: { ca: await readFile(world.caFile) } });
      const answer = await undiciFetch(`${world.pve.url}/api2/json${path}`, {
        dispatcher,
        ...(method ? { method, body: new URLSearchParams(params) } : {}),
        headers: { authorization: `PVEAPIToken=innkeeper@pve!agent=${pveToken}` },
      });
      const text = await answer.text();
      await dispatcher.close();
      return asObject(text)['data'];
    },
  };
}
