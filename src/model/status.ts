/** The words that describe the state of a service to a panel. */
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
  'active',
  'running',
  'stopped',
  'unknown',
] as const;
export type StatusWord = (typeof STATUS_WORDS)[number];

/** The status word for the customer's view of a service. The order of the checks is part of the API contract. */
export function statusWord(
  service: { readonly lifecycle: Lifecycle; readonly jobs: readonly { readonly status: JobStatus }[] },
  /** Null when the service has nothing that can be stopped. */
  power: Power | null,
): StatusWord {
  if (service.lifecycle === 'terminated') return 'terminated';
  if (service.lifecycle === 'failed' || service.jobs.some((job) => job.status === 'stuck')) return 'failed';
  if (service.lifecycle === 'suspended') return 'suspended';
  if (service.lifecycle === 'creating') return 'processing';
  return power ?? 'active';
}

/** The power state in which an ended job of the agent has left the container. */
export interface SettledPower {
  readonly power: 'running' | 'stopped';
  /** When the job ended, epoch ms. */
  readonly at: number;
}

/**
 * The cluster's list of containers can be up to 10 s out of date. For that long, the result of an ended job is more
 * recent than the list.
 */
export const LIST_LAG_MS = 12_000;

/** The power state from the newest completed job that determines the power state. */
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

/** The status word of the module framework. */
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
