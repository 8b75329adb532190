/**
 * What an order waits for that is not the order's fault: something that only the operator can provide, or capacity.
 * An order waits until its patience ends, and an alert names what is missing.
 */
import { failureOf } from '../kernel/errors.js';
import type { Job } from './job.js';
import { isOrderedKind } from './job-kinds.js';

export const LACKS = ['template_missing', 'host_incomplete', 'capacity_exhausted'] as const;
export type Lack = (typeof LACKS)[number];

export function isLack(code: string): code is Lack {
  return LACKS.some((one) => one === code);
}

/** Also set while the job retries. Null: it waits for nothing of that kind. */
export function lackOf({ waiting, error, method }: Pick<Job, 'waiting' | 'error' | 'method'>): Lack | null {
  if (!waiting || !error || !isOrderedKind(method) || failureOf(error) !== 'busy') return null;
  return LACKS.find((code) => code === error.code) ?? null;
}
