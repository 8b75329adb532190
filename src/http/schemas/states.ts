/** What each word for a state means, for the description of the API and docs/api.md. */
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
  running: 'its container runs, or the product has none',
  stopped: 'its container is stopped',
  unknown: 'its container was never seen',
};

export const LIFECYCLE_MEANINGS: Readonly<Record<Lifecycle, string>> = {
  creating: 'it was ordered and is being made',
  active: 'it is in use',
  suspended: 'it is suspended and keeps its data',
  terminated: 'it was deleted; until `purge_at` an order with the same e-mail address restores it',
  failed: 'its creation failed and was undone; the same order may be sent again',
};

export const POWER_MEANINGS: Readonly<Record<Power, string>> = {
  running: 'the container runs',
  stopped: 'the container is stopped',
  unknown: 'the container was never seen',
};

export const PROVISION_MEANINGS: Readonly<Record<ProvisionStatus, string>> = {
  pending: 'the creation has not started',
  processing: 'the creation is under way',
  completed: 'it is in use',
  failed: 'the creation failed and was undone',
  error: 'a job on it is stuck',
  suspended: 'it is suspended',
  pause: 'never used; part of the framework',
  terminated: 'it was deleted',
};

export const JOB_STATUS_MEANINGS: Readonly<Record<JobStatus, string>> = {
  queued: 'it has not started, or starts again shortly',
  running: 'it is working',
  waiting: 'it waits for a system, another try or an operator; `waiting` says for what',
  completed: 'it has done its work',
  failed: 'it could not do its work, and has undone what it did',
  stuck: 'it can go neither forward nor back; an operator must act',
  cancelled: 'it was cancelled or overtaken, and has undone what it did',
};

export const STEP_MEANINGS: Readonly<Record<StepStatus, string>> = {
  pending: 'it has not started',
  running: 'it is working',
  done: 'it has done its work',
  failed: 'it could not do its work',
  undoing: 'it is undoing its work',
  undone: 'it has undone its work',
  undo_failed: 'it could not undo its work',
  skipped: 'an operator did it by hand',
};

/** `running`: ... `stopped`: ... */
export function explained(sentence: string, meanings: Readonly<Record<string, string>>): string {
  const words = Object.entries(meanings).map(([word, meaning]) => `\`${word}\`: ${meaning}`);
  return `${sentence} ${words.join('; ')}.`;
}
