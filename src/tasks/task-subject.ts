/** Lets the job engine work on tasks: each task is a subject with one job, which calls one function of the module. */
import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../kernel/errors.js';
import type { PanelLocales } from '../model/locale.js';
import type { Service } from '../model/service.js';
import type { Task } from '../model/task.js';
import { serviceView } from '../jobs/effects/service-subject.js';
import { keptThreads } from '../jobs/engine/kept-threads.js';
import type { SubjectKind } from '../jobs/engine/subject-kind.js';
import type { Threads } from '../jobs/engine/threads.js';
import type { ServiceStore } from '../state/contract.js';
import type { ActiveModules } from './active-modules.js';
import { jobOf, type TaskSubject, taskWithJob } from './job-of-task.js';
import { type TaskCallDeps, taskCalls } from './task-calls.js';
import type { TaskQueue } from './task-queue.js';
import type { TaskRecords } from './task-records.js';

export interface TaskSubjectDeps extends TaskCallDeps {
  readonly records: TaskRecords;
  readonly queue: Pick<TaskQueue, 'admitted' | 'onAdmitted'>;
  readonly modules: ActiveModules;
  readonly services: ServiceStore;
  readonly panels: PanelLocales;
}

export function taskSubject(deps: TaskSubjectDeps): SubjectKind<TaskSubject> {
  const { records, queue, services, panels } = deps;
  // the engine compares subjects by identity, so each version of a task has one subject
  const subjects = new WeakMap<Task, TaskSubject>();
  const serviceOf = new WeakMap<TaskSubject, Service>();
  const kept = new WeakMap<Threads, Threads>();
  const call = taskCalls(deps);
  const subjectOf = (task: Task): TaskSubject => {
    const known = subjects.get(task);
    if (known) return known;
    const subject = { task, jobs: [jobOf(task, deps.modules)] };
    subjects.set(task, subject);
    return subject;
  };
  const find = (id: string): Task => {
    const task = records.find(id);
    if (task) return task;
    throw new AgentError('task_not_found', 'There is no such task.', { detail: id });
  };
  return {
    name: 'task',
    isBackground: true,
    threadsFrom(pool) {
      const known = kept.get(pool) ?? keptThreads(pool);
      kept.set(pool, known);
      return known;
    },
    async get(id) {
      const subject = subjectOf(find(id));
      const service = await serviceFor(services, subject.task);
      if (service) serviceOf.set(subject, service);
      return subject;
    },
    async commit(id, fn) {
      let changed: ReturnType<typeof fn> | undefined;
      await records.commit(id, (current) => {
        changed = fn(subjectOf(current ?? find(id)));
        return changed.value.task;
      });
      if (!changed) throw new Error('the change was not made');
      return { ...changed, value: subjectOf(find(id)) };
    },
    // ended tasks stay documents until they are removed
    archive: async () => {},
    withJob(subject, job) {
      const task = taskWithJob(subject.task, job);
      return isDeepStrictEqual(task, subject.task) ? subject : { task, jobs: [job] };
    },
    remains: () => [],
    unfinished: () => queue.admitted(),
    onChange: (listener) =>
      queue.onAdmitted((id, task, isAdmitted) =>
        listener(id, isAdmitted ? subjectOf(task) : { task, jobs: [] }),
      ),
    logFields(id) {
      const task = records.find(id);
      return task ? { task_id: id, module: `${task.module.type}/${task.module.name}` } : { task_id: id };
    },
    view(subject) {
      const service = serviceOf.get(subject);
      return service ? serviceView(service, panels) : null;
    },
    call,
  };
}

/** The service of the task. Undefined if the task has none, or if that life of the service is over. */
async function serviceFor(services: ServiceStore, { service, module }: Task): Promise<Service | undefined> {
  if (!service || !services.entry(service.key)) return undefined;
  const found = await services.find(service.key);
  if (found?.generation !== service.generation) return undefined;
  // the handler of an event may belong to another module, which reads services with `services.get`
  return found.module.type === module.type && found.module.name === module.name ? found : undefined;
}
