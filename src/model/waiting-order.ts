/**
 * Missing resources that an order waits for: something that only the operator can provide, or capacity. An order waits
 * until the maximum waiting time of its job has passed, and an alert names the missing resource.
 */
import { failureOf } from '../kernel/errors.js';
import type { Job } from './job.js';
import { isOrderedKind } from './job-kinds.js';

export const LACKS = ['template_missing', 'host_incomplete', 'capacity_exhausted'] as const;
export type Lack = (typeof LACKS)[number];

export function isLack(code: string): code is Lack {
  return LACKS.some((one) => one === code);
}

/** The missing resource that a job waits for, also while the job retries; null if no such resource is missing. */
export function lackOf({ waiting, error, method }: Pick<Job, 'waiting' | 'error' | 'method'>): Lack | null {
  if (!waiting || !error || !isOrderedKind(method) || failureOf(error) !== 'busy') return null;
  return LACKS.find((code) => code === error.code) ?? null;
}
