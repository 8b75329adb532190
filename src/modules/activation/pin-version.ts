/**
 * Decides which version of its module a job runs when an attempt begins. A job that has begun keeps its version, unless
 * the new version says that it can continue the job.
 */
import { AgentError, toRecord } from '../../kernel/errors.js';
import { type Clock, instant } from '../../kernel/clock.js';
import { type Job, stepUnderWay } from '../../model/job.js';
import { isLifecycleKind } from '../../model/job-kinds.js';
import type { ModulesInUse, RegisteredModule } from '../registry.js';

/** Returns the same job if nothing changes. */
export function pinVersion(inUse: ModulesInUse, clock: Clock): (job: Job) => Job {
  return (job) => {
    // an undo always runs the code that made what is undone
    if (isLifecycleKind(job.method) || job.direction === 'undo' || job.cancel) return job;
    const { type, name, version, hash } = job.pinned.module;
    const module = inUse.find(type, name);
    if (!module || hash === undefined || module.hash === null || module.hash === hash) return job;
    const { resumes } = module.declared;
    if (!job.steps.some(({ begun }) => begun > 0)) return { ...onVersion(job, module), steps: [] };
    if (resumes.includes('*') || resumes.includes(version)) return onVersion(job, module);
    return job.status === 'waiting' ? leftToOperator(job, module, instant(clock)) : job;
  };
}

function onVersion(job: Job, { info, hash, settings }: RegisteredModule): Job {
  const { type, name } = job.pinned.module;
  const module = { type, name, version: info.version, ...(hash === null ? {} : { hash }) };
  return { ...job, pinned: { ...job.pinned, module, settings } };
}

/** A retry of the job continues with the version that it has begun with. */
function leftToOperator(job: Job, { info }: RegisteredModule, now: string): Job {
  const { waiting: _, ...rest } = job;
  const { type, name, version } = job.pinned.module;
  const error = new AgentError('module_failed', 'The product was updated while the operation waited.', {
    role: 'agent',
    retryable: false,
    detail: `${type}/${name} was updated from ${version} to ${info.version}, which does not declare that it resumes jobs of ${version}: a retry continues with ${version}`,
  });
  return {
    ...rest,
    status: 'stuck',
    error: { ...toRecord(error), step: stepUnderWay(job)?.name ?? job.error?.step ?? '' },
    endedAt: now,
  };
}
