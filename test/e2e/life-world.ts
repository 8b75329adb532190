/** A memory world and a daemon in this process, as a panel, a visitor and an operator see them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Test } from 'tap';
import { Agent, fetch as undiciFetch } from 'undici';
import { parse, stringify } from 'yaml';
import { connectDaemon, type Daemon } from '../../src/cli/daemon.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { type RunningDaemon, startDaemon } from '../../src/main.js';
import { startMemoryWorld, type MemoryWorldOptions } from '../../src/sandbox/memory/index.js';
import type { Fault } from '../../src/sandbox/world.js';
import { asObject, fields } from '../http/rig.js';
import { Visitor } from './visitor.js';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface LifeWorld {
  readonly call: (
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: object,
    headers?: object,
  ) => Promise<Answer>;
  readonly post: (path: string, body: object) => Promise<Answer>;
  status(id: string): Promise<Record<string, unknown>>;
  /** Orders it and waits until it is completed. */
  make(id: string, also?: object): Promise<void>;
  /** Asks until the answer is right. */
  until(path: string, right: (body: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  visitor(host: string): Visitor;
  /** Changes the site's title as its administrator does. */
  retitle(id: string, title: string): Promise<void>;
  fault(fault: Fault): Promise<void>;
  noFaults(): Promise<void>;
  /** Sets records at somebody else's name server, as a customer does. */
  dns(name: string, type: string, values: readonly string[]): Promise<void>;
  /** A call of the look-alike, as the agent asks. */
  pve(
    path: string,
    method?: 'GET' | 'PUT' | 'POST' | 'DELETE',
    params?: Record<string, string>,
  ): Promise<unknown>;
  readonly config: Config;
  /** Asks the daemon as the command line does. */
  readonly daemon: Daemon;
  readonly log: string[];
  restart(): Promise<void>;
}

type Options = Pick<MemoryWorldOptions, 'storageType'> & {
  readonly deletion?: object;
  readonly reconcile?: object;
};

export async function lifeWorld(
  t: Test,
  { deletion = { hold_s: 0 }, reconcile = {}, ...options }: Options = {},
): Promise<LifeWorld> {
  const stateDir = t.testdir();
  const world = await startMemoryWorld({ stateDir, apiPort: 0, delays: 0, log: () => {}, ...options });
  const config: unknown = parse(await readFile(world.configFile, 'utf8'));
  const configFile = join(stateDir, 'own.yaml');
  await writeFile(configFile, stringify({ ...fields(config), deletion, reconcile }), { mode: 0o600 });
  const log: string[] = [];
  const logTo = new PassThrough().on('data', (chunk: Buffer) => log.push(chunk.toString()));
  let daemon: RunningDaemon = await startDaemon({ configFile, logTo });
  t.teardown(async () => {
    await daemon.close();
    await world.close();
  });
  const secret = async (name: string): Promise<string> =>
    (await readFile(join(stateDir, 'secrets', name), 'utf8')).trim();
  const token = await secret('api-token');

  const call: LifeWorld['call'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(daemon.api + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: asObject(await answer.text()) };
  };
  const until: LifeWorld['until'] = async (path, right) => {
    for (;;) {
      const { body } = await call('GET', path);
      if (right(body)) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const visitor = (host: string): Visitor =>
    new Visitor(
      { ca_file: world.caFile, proxy: { https_port: world.proxy.httpsPort }, dns: world.dns },
      host,
    );
  return {
    call,
    until,
    visitor,
    log,
    post: (path, body) => call('POST', path, body),
    status: async (id) => (await call('GET', `/status?service_id=${id}`)).body,
    async make(id, also = {}) {
      const order = { service_id: id, email: `s${id}@example.com`, plan: 'basic', public_ip: '203.0.113.10' };
      const { body } = await call('POST', '/create-site', { ...order, ...also });
      const job = await until(`/jobs/${String(body['job_id'])}`, ({ ended_at: ended }) => ended !== null);
      if (job['status'] !== 'completed') throw new Error(JSON.stringify(job));
    },
    async retitle(id, title) {
      const { body } = await call('GET', `/services/${id}/credentials`);
      const guest = visitor(new URL(String(body['url'])).hostname);
      await guest.open('/wp-login.php', { log: String(body['username']), pwd: String(body['password']) });
      await guest.open('/wp-admin/options.php', { blogname: title });
    },
    async fault(fault) {
      await fetch(`${world.control}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
    },
    async noFaults() {
      await fetch(`${world.control}/faults`, { method: 'DELETE' });
    },
    async dns(name, type, values) {
      const answer = await fetch(`${world.control}/dns`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, type, values }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    config: await loadConfig({ file: configFile }),
    daemon: await connectDaemon(configFile, 'default'),
    async pve(path, method = 'GET', params) {
      const ca = await readFile(world.caFile);
      const dispatcher = new Agent({ connect: { ca } });
      const answer = await undiciFetch(`${world.pve.url}/api2/json${path}`, {
        dispatcher,
        method,
        headers: { authorization: `PVEAPIToken=innkeeper@pve!agent=${await secret('pve-token')}` },
        ...(params ? { body: new URLSearchParams(params) } : {}),
      });
      const text = await answer.text();
      await dispatcher.close();
      return asObject(text)['data'];
    },
    async restart() {
      await daemon.close();
      daemon = await startDaemon({ configFile, logTo });
    },
  };
}
