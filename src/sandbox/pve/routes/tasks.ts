/** /nodes/{node}/tasks: what workers are doing and how they ended. */
import type { Json, JsonObject } from '../../../domain/json.js';
import type { Call } from '../cluster.js';
import { die, refuse } from '../failure.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { TaskRecord } from '../state.js';
import { UPID } from '../tasks.js';

const count = { type: 'integer', optional: 1, minimum: 0 } as const;
const instant = { type: 'integer', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

function shown(task: TaskRecord): JsonObject {
  const { upid, node, pid, pstart, starttime, type, id, user } = task;
  return { upid, node, pid, pstart, starttime, type, id, user };
}

function taskOf({ cluster, values }: Call): TaskRecord {
  const { upid = '', node } = values;
  const parsed = UPID.exec(upid);
  if (!parsed) refuse({ upid: 'unable to parse worker upid' });
  const found = cluster.tasks.find(upid);
  if (!found || found.node !== node) return refuse({ upid: 'no such task' });
  return found;
}

function list({ cluster, values }: Call): Json {
  const { node, source = 'archive', typefilter, vmid, errors, userfilter, since, until } = values;
  const start = Number(values['start'] ?? 0);
  const limit = Number(values['limit'] ?? 50);
  const fits = (task: TaskRecord): boolean =>
    task.node === node &&
    (source === 'all' || (source === 'active') === (task.status === 'running')) &&
    (typefilter === undefined || task.type === typefilter) &&
    (vmid === undefined || task.id === vmid) &&
    (errors !== '1' || (task.exitstatus !== undefined && task.exitstatus !== 'OK')) &&
    (userfilter === undefined || task.user.includes(userfilter)) &&
    (since === undefined || task.starttime >= Number(since)) &&
    (until === undefined || task.starttime <= Number(until));
  const found = cluster.tasks.list().filter(fits).reverse();
  return found.slice(start, limit === 0 ? undefined : start + limit).map((task) => ({
    ...shown(task),
    ...(task.endtime === undefined ? {} : { endtime: task.endtime }),
    ...(task.status === 'running'
      ? source === 'archive'
        ? {}
        : { status: 'RUNNING' }
      : { status: task.exitstatus ?? 'unexpected status' }),
  }));
}

function status(call: Call): Json {
  const task = taskOf(call);
  const { exitstatus } = task;
  return { ...shown(task), status: task.status, ...(exitstatus === undefined ? {} : { exitstatus }) };
}

function log(call: Call): Json {
  const { log: lines } = taskOf(call);
  const start = Number(call.values['start'] ?? 0);
  const limit = Number(call.values['limit'] ?? 50);
  const numbered = lines.map((t, index) => ({ n: index + 1, t }));
  if (numbered.length === 0) return [{ n: 1, t: 'no content' }];
  return numbered.slice(start, limit === 0 ? undefined : start + limit);
}

export const taskRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/tasks',
    properties: {
      errors: { type: 'boolean', optional: 1 },
      limit: count,
      since: instant,
      until: instant,
      source: { ...word, enum: ['archive', 'active', 'all'] },
      start: count,
      statusfilter: { ...word, format: 'pve-task-status-type-list' },
      typefilter: word,
      userfilter: word,
      vmid: { ...PATH_PROPERTIES['vmid'], optional: 1 },
    },
    run: list,
  },
  { method: 'GET', path: '/nodes/{node}/tasks/{upid}/status', run: status },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/log',
    properties: { download: { type: 'boolean', optional: 1 }, limit: count, start: count },
    run: log,
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/tasks/{upid}',
    run(call) {
      const task = taskOf(call);
      if (task.status === 'stopped') die(`task '${task.upid}' is not running`);
      call.cluster.tasks.stop(task.upid);
      return null;
    },
  },
];
