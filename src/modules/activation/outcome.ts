/** How the end of a module's job changes its record. */
import { cleaned } from '../../kernel/text.js';
import { isOpen, type Job } from '../../model/job.js';
import { isLifecycleKind, type LifecycleKind } from '../../model/job-kinds.js';
import { type ModuleRecord, versionOfJob, withActive, withoutOldJobs } from '../../model/module-record.js';
import { PURGE } from './lifecycle-job.js';

/** The record with the present state of this job. */
export function withModuleJob(record: ModuleRecord, job: Job): ModuleRecord {
  const was = record.jobs.find(({ id }) => id === job.id);
  const next = { ...record, jobs: withoutOldJobs(record.jobs.map((one) => (one === was ? job : one))) };
  const hasEnded = was !== undefined && isOpen(was) && !isOpen(job);
  return hasEnded && isLifecycleKind(job.method) ? ended(next, job, job.method) : next;
}

function ended(record: ModuleRecord, job: Job, kind: LifecycleKind): ModuleRecord {
  const version = versionOfJob(job);
  const isDone = job.status === 'completed';
  switch (kind) {
    case 'activateModule':
      return isDone
        ? withActive(record, version)
        : { ...record, state: 'error', failed: version, reason: `its activation failed: ${reasonOf(job)}` };
    case 'updateModule':
      return isDone
        ? withActive(record, version)
        : { ...record, reason: `the update to ${version.version} failed: ${reasonOf(job)}` };
    case 'deactivateModule':
      return isDone
        ? deactivated(record, job)
        : { ...record, reason: `the deactivation failed: ${reasonOf(job)}` };
  }
}

/** The module's own secrets are data. The settings stay, because operators have set them. */
function deactivated(record: ModuleRecord, { args }: Job): ModuleRecord {
  const next: ModuleRecord = { ...record, state: 'inactive', reason: null, failed: null };
  if (args[PURGE] !== true) return next;
  const secrets = Object.entries(record.secrets).filter(([name]) => name.startsWith('settings.'));
  return { ...next, hasData: false, secrets: Object.fromEntries(secrets) };
}

function reasonOf({ error, reason = error, status }: Job): string {
  if (!reason) return `the job is ${status}`;
  return cleaned(reason.detail ?? reason.message);
}
