/** The meaning of each status, for the API description and docs/api.md. */
import type { StepStatus } from '../../model/flow.js';
import type { JobStatus } from '../../model/job.js';
import type { Lifecycle, ProvisionStatus } from '../../model/service.js';
import type { Power, StatusWord } from '../../model/status.js';

/** In the order in which they are decided. */
export const STATUS_MEANINGS: Readonly<Record<StatusWord, string>> = {
  terminated: 'the service was deleted',
  failed: 'its creation failed, or a job on it is stuck',
  suspended: 'it is suspended',
  processing: 'it is being created',
  running: 'its container is running, or the product has none',
  stopped: 'its container is stopped',
  unknown: 'its container has not been seen yet',
};

export const LIFECYCLE_MEANINGS: Readonly<Record<Lifecycle, string>> = {
  creating: 'it was ordered and is being created',
  active: 'it is in use',
  suspended: 'it is suspended and keeps its data',
  terminated: 'it was deleted; until `purge_at` an order with the same e-mail address restores it',
  failed: 'its creation failed and was rolled back; the same order may be sent again',
};

export const POWER_MEANINGS: Readonly<Record<Power, string>> = {
  running: 'the container is running',
  stopped: 'the container is stopped',
  unknown: 'the container has not been seen yet',
};

export const PROVISION_MEANINGS: Readonly<Record<ProvisionStatus, string>> = {
  pending: 'the creation has not started',
  processing: 'the creation is in progress',
  completed: 'it is in use',
  failed: 'the creation failed and was rolled back',
  error: 'a job on it is stuck',
  suspended: 'it is suspended',
  pause: 'never used; part of the framework',
  terminated: 'it was deleted',
};

export const JOB_STATUS_MEANINGS: Readonly<Record<JobStatus, string>> = {
  queued: 'it has not started, or will restart shortly',
  running: 'it is running',
  waiting: 'it waits for a system, a retry or an operator; `waiting` says for what',
  completed: 'it has completed its work',
  failed: 'it could not complete its work, and has rolled back its changes',
  stuck: 'it can neither continue nor be rolled back; an operator must act',
  cancelled: 'it was cancelled or superseded, and has rolled back its changes',
};

export const STEP_MEANINGS: Readonly<Record<StepStatus, string>> = {
  pending: 'it has not started',
  running: 'it is running',
  done: 'it has completed its work',
  failed: 'it could not complete its work',
  undoing: 'it is rolling back its work',
  undone: 'it has rolled back its work',
  undo_failed: 'it could not roll back its work',
  skipped: 'an operator completed it manually',
};

/** `running`: ... `stopped`: ... */
export function explained(sentence: string, meanings: Readonly<Record<string, string>>): string {
  const words = Object.entries(meanings).map(([word, meaning]) => `\`${word}\`: ${meaning}`);
  return `${sentence} ${words.join('; ')}.`;
}
