/** A task as the API shows it. Its input is not shown, because it may contain personal data. */
import { moduleOfTask, type Task } from '../model/task.js';

export function viewTask(task: Task) {
  const { id, method, status, tags, attempts, waiting, error, event, service } = task;
  const [panel = '', ...serviceId] = service?.key.split('/') ?? [];
  return {
    ...{ id, module: moduleOfTask(task), method, status, tags: [...tags], key: task.key },
    panel: service ? panel : null,
    service_id: service ? serviceId.join('/') : null,
    event_id: event?.id ?? null,
    attempts,
    tries: task.policy.tries,
    not_before: task.notBefore,
    waiting: waiting
      ? { for: waiting.for, reason: waiting.reason ?? null, since: waiting.since, until: waiting.until }
      : null,
    error: error
      ? { code: error.code, message: error.message, step: null, detail: error.detail ?? null }
      : null,
    ...{ created_at: task.createdAt, started_at: task.startedAt, ended_at: task.endedAt },
  };
}

export type TaskView = ReturnType<typeof viewTask>;
