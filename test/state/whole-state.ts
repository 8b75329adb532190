/**
 * All stores of a state folder over any file system, a mixed piece of work on them, and what must be true afterwards
 * whatever the disk did.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Service, type ServiceKey, siteOf, withSite } from '../../src/model/service.js';
import { Archive } from '../../src/state/logs/archive.js';
import type { ApiToken } from '../../src/state/contract.js';
import { Disk } from '../../src/state/files/disk.js';
import { EventLog } from '../../src/state/logs/event-log.js';
import { LogCursors } from '../../src/state/logs/log-cursor.js';
import type { FileSystem } from '../../src/state/files/file-system.js';
import { afterReading } from '../../src/state/files/deferred-writes.js';
import { SecretBox } from '../../src/state/keys/secret-box.js';
import { Services } from '../../src/state/stores/services.js';
import { DurableDocumentStore } from '../../src/state/stores/document-store.js';
import { tokenKind } from '../../src/state/documents/token-document.js';
import { KEY, sampleJob, sampleService } from './samples.js';

const DIR = '/state';
const NOW = '2026-01-02T03:04:05.000Z';

export interface Whole {
  readonly disk: Disk;
  readonly services: Services;
  readonly archive: Archive;
  readonly events: EventLog;
  readonly tokens: DurableDocumentStore<ApiToken>;
  readonly warnings: string[];
  idle(): Promise<void>;
}

export async function openWhole(fs: FileSystem): Promise<Whole> {
  const disk = new Disk(fs);
  const warnings: string[] = [];
  const warn = (message: string, detail: string): void => void warnings.push(`${message}: ${detail}`);
  const { later, run: changeFolder } = afterReading();
  const common = {
    disk,
    box: new SecretBox(KEY),
    dir: DIR,
    now: () => NOW,
    clockTrusted: () => true,
    warn,
    later,
    cursors: new LogCursors(async () => KEY),
  };
  const events = await EventLog.open(common);
  const services = await Services.open({ ...common, events });
  const tokens = await DurableDocumentStore.open<ApiToken>({
    ...common,
    folder: 'tokens',
    kind: tokenKind,
    idOf: ({ id }) => id,
  });
  await changeFolder();
  await events.recovered();
  const archive = new Archive(disk, DIR);
  const idle = async (): Promise<void> => {
    await Promise.all([services.idle(), archive.idle(), events.idle(), tokens.idle()]);
  };
  return { disk, services, archive, events, tokens, warnings, idle };
}

/** What the caller was told is kept. */
export interface Acknowledged {
  readonly services: Map<ServiceKey, Service>;
  readonly jobs: Set<string>;
  readonly tokens: Map<string, ApiToken>;
  /** Token ids whose last change was not acknowledged: either way is right. */
  readonly unsure: Set<string>;
  /** How many changes were refused. */
  refused: number;
}

export const nothing = (): Acknowledged => ({
  services: new Map(),
  jobs: new Set(),
  tokens: new Map(),
  unsure: new Set(),
  refused: 0,
});

const token = (id: string, revokedAt: string | null): ApiToken => ({
  schema: 1,
  id,
  name: id,
  panel: 'default',
  permissions: ['*'],
  sha256: 'ab'.repeat(32),
  former: [],
  createdAt: NOW,
  expiresAt: null,
  revokedAt,
  networks: [],
});

/** A small generator of our own, so that a seed means the same everywhere. */
export function numbers(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/** `steps` changes of services, tokens and the archive, some side by side; goes on after refusals as callers do. */
export async function work(whole: Whole, told: Acknowledged, seed: number, steps = 8): Promise<void> {
  const next = numbers(seed);
  for (let step = 0; step < steps; step += 1) {
    const both = [one(whole, told, next), ...(next(3) === 0 ? [one(whole, told, next)] : [])];
    await Promise.all(both);
  }
  await whole.idle();
}

async function one(whole: Whole, told: Acknowledged, next: (below: number) => number): Promise<void> {
  const what = next(6);
  const id = String(1 + next(3));
  try {
    if (what < 3) await changeService(whole, told, id, next);
    else if (what === 3) await archiveJob(whole, told);
    else await changeToken(whole, told, `tok_${id}`, what === 4);
  } catch {
    told.refused += 1;
  }
}

async function changeService(
  { services }: Whole,
  told: Acknowledged,
  id: string,
  next: (below: number) => number,
): Promise<void> {
  const key: ServiceKey = `default/${id}`;
  const data = { filler: 'x'.repeat(next(400)) };
  const done = await services.commit(key, (now) =>
    now
      ? withSite(
          { ...now, generation: now.generation + 1, data },
          { proxyEnabled: !siteOf(now).proxyEnabled },
        )
      : sampleService(id, { jobs: [sampleJob()] }),
  );
  told.services.set(key, done);
}

async function archiveJob({ archive }: Whole, told: Acknowledged): Promise<void> {
  const job = sampleJob({ status: 'completed', endedAt: NOW });
  await archive.append({ key: 'default/1', job });
  told.jobs.add(job.id);
}

async function changeToken({ tokens }: Whole, told: Acknowledged, id: string, keep: boolean): Promise<void> {
  told.unsure.add(id);
  if (keep) {
    const done = await tokens.commit(id, (now) => token(id, now?.revokedAt === null ? NOW : null));
    told.tokens.set(id, done);
  } else {
    await tokens.remove(id);
    told.tokens.delete(id);
  }
  told.unsure.delete(id);
}

/** What is wrong with the state that is found now; empty when nothing that was acknowledged is lost or torn. */
export async function problems(found: Whole, told: Acknowledged): Promise<string[]> {
  const wrong = [...found.warnings, ...found.services.damaged.map(({ file }) => `${file} is damaged`)];
  for (const [key, service] of told.services) {
    const kept = await found.services.find(key);
    const generation = kept?.generation ?? 0;
    if (generation < service.generation || generation > service.generation + 2)
      wrong.push(`${key} is ${generation}, acknowledged was ${service.generation}`);
    if (generation === service.generation && !isDeepStrictEqual(plain(kept), plain(service)))
      wrong.push(`${key} differs from what was acknowledged`);
  }
  for (const id of told.jobs)
    if ((await found.archive.find(id))?.job.id !== id) wrong.push(`job ${id} is not in the archive`);
  for (const [id, kept] of told.tokens)
    if (!told.unsure.has(id) && found.tokens.find(id)?.revokedAt !== kept.revokedAt)
      wrong.push(`token ${id} is not as acknowledged`);
  wrong.push(...(await lostEvents(found)));
  return wrong;
}

/** Every event that a document tells of is in the log. */
async function lostEvents({ services, events }: Whole): Promise<string[]> {
  const page = await events.read({ panel: 'default', after: undefined, limit: 10_000 });
  const logged = new Set(page.events.map(({ id }) => id));
  const lost: string[] = [];
  for (const { key } of services.entries())
    for (const { id, type } of (await services.get(key)).events ?? [])
      if (!logged.has(id)) lost.push(`event ${type} of ${key} is not in the log`);
  return lost;
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify([value], (key, held: unknown) => (key === 'secrets' ? undefined : held)));

/** Memory against what a fresh start would read; empty when they agree. */
export async function differences(memory: Whole, fs: FileSystem): Promise<string[]> {
  const disk = await openWhole(fs);
  const wrong: string[] = [];
  const keys = new Set([...memory.services.entries(), ...disk.services.entries()].map(({ key }) => key));
  for (const key of keys)
    if (!isDeepStrictEqual(plain(await memory.services.find(key)), plain(await disk.services.find(key))))
      wrong.push(`${key}: memory and disk differ`);
  if (!isDeepStrictEqual(memory.tokens.list(), disk.tokens.list()))
    wrong.push('tokens: memory and disk differ');
  return wrong;
}
