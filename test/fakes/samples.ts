/** Whole, legal documents for tests to start from. */
import { DEFAULT_POLICY, type Job, type StepRecord } from '../../src/model/job.js';
import type { KindName } from '../../src/model/job-kinds.js';
import type { Plan } from '../../src/model/plan.js';
import { type Changes, changed } from './parts.js';
import type { Service } from '../../src/model/service.js';
import type { GuestView } from '../../src/drivers/guest/contract.js';

export const basicPlan: Plan = {
  name: 'basic',
  aliases: ['WordPress Basic'],
  memoryMb: 2048,
  swapMb: 512,
  diskGb: 20,
  cores: 2,
  domains: 3,
  backups: 2,
};

export function aStep(name: string, also: Partial<StepRecord> = {}): StepRecord {
  return {
    name,
    after: [],
    undoable: true,
    pivot: false,
    status: 'pending',
    notes: {},
    result: null,
    begun: 0,
    startedAt: null,
    endedAt: null,
    ...also,
  };
}

/** A kind that is not ours, as a record may name it. */
export const kindNamed = (text: string): KindName => text as KindName;

export function aJob(also: Partial<Job> = {}): Job {
  return {
    id: '019aa000-0000-7000-8000-000000000001',
    method: 'create',
    status: 'queued',
    direction: 'forward',
    interactive: false,
    tags: ['create'],
    requestId: 'req-1',
    args: {},
    pinned: {
      module: { type: 'product', name: 'wordpress', version: '1.0.0' },
      plan: basicPlan,
      settings: {},
    },
    policy: DEFAULT_POLICY,
    attempts: 0,
    exceptions: 0,
    crashes: 0,
    steps: [],
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    endedAt: null,
    ...also,
  };
}

export function aService(also: Changes = {}): Service {
  return changed(SERVICE, also);
}

const SERVICE: Service = {
  schema: 1,
  panel: 'default',
  id: '12',
  generation: 1,
  lifecycle: 'creating',
  order: { email: 'anna@example.com', plan: 'basic', planWord: 'basic', publicIps: ['203.0.113.10'] },
  email: 'anna@example.com',
  userId: null,
  plan: basicPlan,
  module: { type: 'product', name: 'wordpress' },
  guest: {
    addresses: [{ pool: 'v4', address: '10.77.0.10', prefix: 24, gateway: '10.77.0.1' }],
    vmid: 1000,
    node: null,
    snapshots: [],
    lastBackup: null,
  },
  site: {
    subdomain: 'anna',
    fqdn: 'anna.sandbox.test',
    domains: [],
    primaryDomain: 'anna.sandbox.test',
    proxyEnabled: true,
  },
  suspendedFor: [],
  deletion: null,
  secrets: {},
  credentialsAcknowledgedAt: null,
  data: {},
  jobs: [],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  activeAt: null,
};

/** A running container, as the cluster's list shows it. */
export function aGuest(vmid: number, also: Partial<GuestView> = {}): GuestView {
  return {
    vmid,
    name: `guest-${vmid}`,
    node: 'pve1',
    type: 'lxc',
    template: false,
    status: 'running',
    memoryBytes: 512 * 1024 ** 2,
    memoryLimitBytes: 2048 * 1024 ** 2,
    diskBytes: 3 * 1024 ** 3,
    diskLimitBytes: 20 * 1024 ** 3,
    cpu: 0.005,
    networkInBytes: 1,
    networkOutBytes: 2,
    uptimeS: 60,
    tags: [],
    ...also,
  };
}
