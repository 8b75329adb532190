/** Services, jobs and stores for the tests of the state. */
import { v7 } from 'uuid';
import type { Job } from '../../src/model/job.js';
import type { Plan } from '../../src/model/plan.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Service } from '../../src/model/service.js';
import type { ClaimedAddress } from '../../src/model/guest.js';
import { type Changes, changed } from '../fakes/parts.js';
import { Disk } from '../../src/state/files/disk.js';
import type { FileSystem } from '../../src/state/files/file-system.js';
import { afterReading } from '../../src/state/files/deferred-writes.js';
import { SecretBox } from '../../src/state/keys/secret-box.js';
import { Services } from '../../src/state/stores/services.js';

export const KEY = Buffer.alloc(32, 7);
const AT = '2026-01-02T03:04:05.000Z';

export const plan: Plan = {
  name: 'basic',
  aliases: [],
  memoryMb: 2048,
  swapMb: 512,
  diskGb: 20,
  cores: 2,
  domains: 3,
  backups: 2,
};

export function sampleJob(changes: Partial<Job> = {}): Job {
  return {
    id: v7(),
    method: 'create',
    status: 'running',
    direction: 'forward',
    interactive: false,
    tags: [],
    requestId: 'r1',
    args: {},
    pinned: { module: { type: 'product', name: 'wordpress', version: '1.0.0' }, plan, settings: {} },
    policy: { tries: 3, backoffS: 5, timeoutS: 600, maxExceptions: 3, patienceS: 21_600 },
    attempts: 1,
    exceptions: 0,
    crashes: 0,
    steps: [
      {
        name: 'container',
        after: [],
        undoable: true,
        pivot: false,
        status: 'running',
        notes: { upid: 'UPID:pve1:1' },
        result: null,
        begun: 1,
        startedAt: AT,
        endedAt: null,
      },
    ],
    createdAt: AT,
    startedAt: AT,
    endedAt: null,
    ...changes,
  };
}

/** A service that claims a name, address and number made from its id's digits. */
export function sampleService(id: string, changes: Changes = {}): Service {
  const number = Number(id.replaceAll(/\D/g, '') || '1');
  const subdomain = changes.subdomain ?? `site${number}`;
  const service: Service = {
    schema: 1,
    panel: 'default',
    id,
    generation: 1,
    lifecycle: 'active',
    order: { email: 'a@example.org', plan: 'basic', planWord: 'Basic', publicIps: ['198.51.100.7'] },
    email: 'a@example.org',
    userId: null,
    plan,
    module: { type: 'product', name: 'wordpress' },
    guest: {
      addresses: [address(`10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`)],
      vmid: 10_000 + number,
      node: 'pve1',
      lastBackup: null,
      snapshots: [{ name: 'initial', kind: 'initial', createdAt: AT }],
    },
    site: {
      subdomain,
      fqdn: `${subdomain}.sites.test`,
      domains: [],
      primaryDomain: 'anna.example.net',
      proxyEnabled: true,
    },
    suspendedFor: [],
    deletion: null,
    secrets: { admin: new Secret(`admin of ${id}`) },
    credentialsAcknowledgedAt: null,
    data: {},
    jobs: [],
    createdAt: AT,
    updatedAt: AT,
    activeAt: AT,
  };
  return changed(service, changes);
}

export function address(text: string): ClaimedAddress {
  return { pool: 'main', address: text, prefix: 8, gateway: '10.0.0.254' };
}

export interface Opened {
  readonly services: Services;
  readonly disk: Disk;
  readonly warnings: string[];
}

/** The service store over any file system, in the folder `/state` unless told otherwise. */
export async function openServices(
  fs: FileSystem,
  options: { dir?: string; key?: Buffer; recent?: number } = {},
): Promise<Opened> {
  const disk = new Disk(fs);
  const warnings: string[] = [];
  const { later, run } = afterReading();
  const services = await Services.open({
    disk,
    later,
    box: new SecretBox(options.key ?? KEY),
    dir: options.dir ?? '/state',
    now: () => AT,
    warn: (message, detail) => void warnings.push(`${message}: ${detail}`),
    ...(options.recent === undefined ? {} : { recent: options.recent }),
  });
  await run();
  return { services, disk, warnings };
}
