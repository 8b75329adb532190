/** A memory world with the real daemon against it, in this process, and a caller: what most end-to-end tests need. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { type RunningDaemon, startDaemon } from '../../src/main.js';
import { type Access, readAccess } from '../../src/sandbox/access.js';
import { startMemoryWorld } from '../../src/sandbox/memory/index.js';
import { freePort } from '../../src/sandbox/ports.js';
import type { Fault, World } from '../../src/sandbox/world.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: Fields;
}

export interface House {
  readonly world: World;
  readonly access: Access;
  readonly daemon: RunningDaemon;
  get(path: string): Promise<Answer>;
  post(path: string, body: object): Promise<Answer>;
  /** Injects a fault; returns the way to lift it. */
  fault(fault: Fault): Promise<() => Promise<void>>;
  containers(): Promise<readonly Fields[]>;
  /** Asks `GET /status` until `done`; fails after a minute with the last answer. */
  until(id: string, done: (status: Fields) => boolean): Promise<Fields>;
  job(status: Fields): Promise<Fields>;
}

const PATIENCE_MS = 60_000;

export const order = (id: string, also: object = {}): object => ({
  service_id: id,
  email: `${id}@example.com`,
  plan: 'basic',
  public_ip: '203.0.113.10',
  ...also,
});

export async function openHouse(t: Test): Promise<House> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-house-'));
  const log = createWriteStream(join(stateDir, 'agent.log'));
  const world = await startMemoryWorld({ stateDir, apiPort: await freePort(), log: () => {} });
  const daemon = await startDaemon({ configFile: world.configFile, logTo: log });
  t.teardown(async () => {
    await daemon.close();
    await world.close();
    log.destroy();
    await rm(stateDir, { recursive: true, force: true });
  });
  const access = await readAccess(world.configFile);
  return { world, access, daemon, ...callerOf(access, world) };
}

function callerOf({ api, token }: Access, { control }: World): Omit<House, 'world' | 'access' | 'daemon'> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const get: House['get'] = async (path) => answerOf(await fetch(api + path, { headers }));
  return {
    get,
    post: async (path, body) =>
      answerOf(await fetch(api + path, { method: 'POST', headers, body: JSON.stringify(body) })),
    async fault(fault) {
      const { body } = await answerOf(
        await fetch(`${control}/faults`, { method: 'POST', headers, body: JSON.stringify(fault) }),
      );
      const id = body['id'];
      if (typeof id !== 'string') throw new Error(`not a fault: ${JSON.stringify(body)}`);
      return async () => {
        await fetch(`${control}/faults/${id}`, { method: 'DELETE' });
      };
    },
    async containers() {
      const { body } = await answerOf(await fetch(`${control}/containers`));
      return Array.isArray(body['containers']) ? body['containers'].map(fieldsOf) : [];
    },
    async until(id, done) {
      const late = Date.now() + PATIENCE_MS;
      for (;;) {
        const { body } = await get(`/status?service_id=${id}`);
        if (done(body)) return body;
        if (Date.now() > late) throw new Error(`waited in vain; last: ${JSON.stringify(body)}`);
        await delay(20);
      }
    },
    async job(status) {
      const { body } = await get(`/jobs/${String(fieldsOf(status['job'])['id'])}`);
      return body;
    },
  };
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

async function answerOf(answer: Response): Promise<Answer> {
  return { status: answer.status, body: fieldsOf(await answer.json()) };
}
