/**
 * What an order waits for that is no fault of its own: what only the operator can provide, or room. It ends no order
 * before its patience does, and an alert names what is missing.
 */
import { failureOf } from '../kernel/errors.js';
import type { Job } from './job.js';
import { isOrderedKind } from './job-kinds.js';

export const LACKS = ['template_missing', 'host_incomplete', 'capacity_exhausted'] as const;
export type Lack = (typeof LACKS)[number];

export function isLack(code: string): code is Lack {
  return LACKS.some((one) => one === code);
}

/** So it is, too, while the job tries whether it still is. Null: it waits for nothing of that kind. */
export function lackOf({ waiting, error, method }: Pick<Job, 'waiting' | 'error' | 'method'>): Lack | null {
  if (!waiting || !error || !isOrderedKind(method) || failureOf(error) !== 'busy') return null;
  return LACKS.find((code) => code === error.code) ?? null;
}
