/** The meaning of each status word, for the API description and docs/api.md. */
import type { StepStatus } from '../../model/flow.js';
import type { JobStatus } from '../../model/job.js';
import type { Lifecycle, ProvisionStatus } from '../../model/service.js';
import type { Power, StatusWord } from '../../model/status.js';

/** The statuses in the order of their priority. If several statuses apply, the agent reports the first of them. */
export const STATUS_MEANINGS: Readonly<Record<StatusWord, string>> = {
  terminated: 'the service was deleted',
  failed: 'the creation of the service failed, or one of its jobs is stuck',
  suspended: 'the service is suspended',
  processing: 'the service is being created',
  active: 'the service is in use, and its product has no container',
  running: 'the container is running',
  stopped: 'the container is stopped',
  unknown: 'the agent has not seen the container yet',
};

export const LIFECYCLE_MEANINGS: Readonly<Record<Lifecycle, string>> = {
  creating: 'the service was ordered and is being created',
  active: 'the service is in use',
  suspended: 'the service is suspended, and its data is kept',
  terminated:
    'the service was deleted, but until `purge_at`, an order with the same e-mail address restores it',
  failed: 'the creation failed and was rolled back, and the same order may be sent again',
};

export const POWER_MEANINGS: Readonly<Record<Power, string>> = {
  running: 'the container is running',
  stopped: 'the container is stopped',
  unknown: 'the agent has not seen the container yet',
};

export const PROVISION_MEANINGS: Readonly<Record<ProvisionStatus, string>> = {
  pending: 'the creation has not started',
  processing: 'the creation is in progress',
  completed: 'the service is in use',
  failed: 'the creation failed and was rolled back',
  error: 'a job of the service is stuck',
  suspended: 'the service is suspended',
  pause: 'not used by this agent (the module framework defines this word)',
  terminated: 'the service was deleted',
};

export const JOB_STATUS_MEANINGS: Readonly<Record<JobStatus, string>> = {
  queued: 'the job has not started yet, or will be started again shortly',
  running: 'the job is running',
  waiting: 'the job waits for a system, a retry or an operator (the field `waiting` has the details)',
  completed: 'the job has completed all its steps',
  failed: 'the job failed, and its changes were rolled back',
  stuck: 'the job can neither continue nor be rolled back, and an operator must act',
  cancelled: 'the job was cancelled or superseded, and its changes were rolled back',
};

export const STEP_MEANINGS: Readonly<Record<StepStatus, string>> = {
  pending: 'the step has not started',
  running: 'the step is running',
  done: 'the step is completed',
  failed: 'the step failed',
  undoing: 'the changes of the step are being rolled back',
  undone: 'the changes of the step were rolled back',
  undo_failed: 'the changes of the step could not be rolled back',
  skipped: 'an operator completed the step manually',
};

/** For example: `running`: the container is running. `stopped`: the container is stopped. */
export function explained(sentence: string, meanings: Readonly<Record<string, string>>): string {
  const words = Object.entries(meanings).map(([word, meaning]) => `\`${word}\`: ${meaning}`);
  return `${sentence} ${words.join('. ')}.`;
}
