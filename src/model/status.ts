/** The words a panel sees for where a service stands. */
import { isOpen, type Job, type JobStatus } from './job.js';
import { kindData, makesTheSite } from './job-kinds.js';
import type { Lifecycle, ProvisionStatus } from './service.js';

export const POWERS = ['running', 'stopped', 'unknown'] as const;
export type Power = (typeof POWERS)[number];

export const STATUS_WORDS = [
  'terminated',
  'failed',
  'suspended',
  'processing',
  'running',
  'stopped',
  'unknown',
] as const;
export type StatusWord = (typeof STATUS_WORDS)[number];

/** One word for the client's view; the order of the questions is part of the contract. */
export function statusWord(
  service: { readonly lifecycle: Lifecycle; readonly jobs: readonly { readonly status: JobStatus }[] },
  /** Null: nothing of it can be stopped, so it counts as running. */
  power: Power | null,
): StatusWord {
  if (service.lifecycle === 'terminated') return 'terminated';
  if (service.lifecycle === 'failed' || service.jobs.some((job) => job.status === 'stuck')) return 'failed';
  if (service.lifecycle === 'suspended') return 'suspended';
  if (service.lifecycle === 'creating') return 'processing';
  return power ?? 'running';
}

/** A power state that a job of ours has brought about. */
export interface SettledPower {
  readonly power: 'running' | 'stopped';
  /** When the job ended, epoch ms. */
  readonly at: number;
}

/** The cluster's own list is up to 10 s behind its containers: until then a job of ours that has ended knows better. */
export const LIST_LAG_MS = 12_000;

/** Of the newest job that says. */
export function settledPower(
  jobs: readonly Pick<Job, 'method' | 'status' | 'endedAt' | 'steps'>[],
): SettledPower | null {
  let newest: SettledPower | null = null;
  for (const { method, status, endedAt, steps } of jobs) {
    const power = kindData(method).power ?? powerAfter(steps);
    if (!power || status !== 'completed' || endedAt === null) continue;
    const at = Date.parse(endedAt);
    if (newest === null || at >= newest.at) newest = { power, at };
  }
  return newest;
}

function powerAfter(steps: Job['steps']): 'running' | 'stopped' | undefined {
  for (const { result } of steps) {
    if (typeof result !== 'object' || result === null || Array.isArray(result)) continue;
    if (typeof result['running'] === 'boolean') return result['running'] ? 'running' : 'stopped';
  }
  return undefined;
}

/** The module framework's word. */
export function provisionStatus(service: {
  readonly lifecycle: Lifecycle;
  readonly jobs: readonly Job[];
}): ProvisionStatus {
  if (service.lifecycle === 'terminated') return 'terminated';
  if (service.jobs.some((job) => job.status === 'stuck')) return 'error';
  if (service.lifecycle === 'failed') return 'failed';
  if (service.lifecycle === 'suspended') return 'suspended';
  if (service.lifecycle === 'active') return 'completed';
  const creation = service.jobs.find((job) => makesTheSite(job) && isOpen(job));
  return creation && creation.attempts > 0 ? 'processing' : 'pending';
}
