/** /nodes/{node}/tasks: lists the running and ended tasks, with their status and log. */
import type { Json, JsonObject } from '../../../kernel/json.js';
import type { Call } from '../cluster.js';
import { die, refuse } from '../failure.js';
import { demand, may } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { TaskRecord } from '../state.js';
import { UPID } from '../tasks.js';

const count = { type: 'integer', optional: 1, minimum: 0 } as const;
const instant = { type: 'integer', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

/**
 * Splits the ID of a token, because a task that a token started has separate fields for the user and for the name of
 * the token.
 */
function shown(task: TaskRecord): JsonObject {
  const { upid, node, pid, pstart, starttime, type, id } = task;
  const [user = '', tokenid] = task.user.split('!');
  return {
    ...{ upid, node, pid, pstart, starttime, type, id, user },
    ...(tokenid === undefined ? {} : { tokenid }),
  };
}

function parsed(upid: string): { readonly owner: string } {
  const found = UPID.exec(upid) ?? refuse({ upid: 'unable to parse worker upid' });
  return { owner: found[7] ?? '' };
}

/**
 * Checks whether the caller has access to a task. The owner of the task has access, and a caller with the privilege on
 * the node has access to every task.
 */
function demandTask({ cluster, user, values }: Call, privilege: string): void {
  const { upid = '', node = '' } = values;
  if (parsed(upid).owner !== user) demand(cluster, `/nodes/${node}`, privilege);
}

function taskOf({ cluster, values }: Call): TaskRecord {
  const { upid = '', node } = values;
  const found = cluster.tasks.find(upid);
  if (!found || found.node !== node) return refuse({ upid: 'no such task' });
  return found;
}

function isOfStatus(task: TaskRecord, wanted: readonly string[]): boolean {
  const { exitstatus = 'RUNNING' } = task;
  if (exitstatus === 'OK') return wanted.includes('ok');
  if (/^WARNINGS: \d+$/.test(exitstatus)) return wanted.includes('warning');
  return (
    wanted.includes(exitstatus === 'unexpected status' ? 'unknown' : 'error') || exitstatus === 'RUNNING'
  );
}

function list(call: Call): Json {
  const { cluster, values, user, attributes } = call;
  const { node = '', source = 'archive', typefilter, vmid, errors, userfilter, since, until } = values;
  const start = Number(values['start'] ?? 0);
  const limit = Number(values['limit'] ?? 50);
  const all = ['ok', 'warning', 'error', 'unknown'];
  const statuses =
    errors === '1'
      ? all.slice(1)
      : (values['statusfilter']?.toLowerCase().split(/[,;\s]+/) ?? all).filter((one) => one !== '');
  const auditor = may(cluster, `/nodes/${node}`, 'Sys.Audit');
  const fits = (task: TaskRecord): boolean =>
    task.node === node &&
    (auditor || task.user === user) &&
    (source === 'all' || (source === 'active') === (task.status === 'running')) &&
    (typefilter === undefined || task.type === typefilter) &&
    (vmid === undefined || task.id === vmid) &&
    isOfStatus(task, statuses) &&
    (userfilter === undefined || task.user.toLowerCase().includes(userfilter.toLowerCase())) &&
    (since === undefined || task.starttime >= Number(since)) &&
    (until === undefined || task.starttime <= Number(until));
  const found = cluster.tasks.list().filter(fits).reverse();
  attributes.total = found.length;
  return found.slice(start, limit === 0 ? start : start + limit).map((task) => ({
    ...shown(task),
    ...(task.endtime === undefined ? {} : { endtime: task.endtime }),
    status: task.status === 'running' ? 'RUNNING' : (task.exitstatus ?? 'unexpected status'),
  }));
}

function status(call: Call): Json {
  parsed(call.values['upid'] ?? '');
  const task = taskOf(call);
  demandTask(call, 'Sys.Audit');
  const { exitstatus } = task;
  return { ...shown(task), status: task.status, ...(exitstatus === undefined ? {} : { exitstatus }) };
}

/**
 * Returns the log of a task. If the task is unknown, the log consists of one line with the message that the file is
 * missing.
 */
function log(call: Call): Json {
  const { cluster, values, attributes } = call;
  const { upid = '', node } = values;
  parsed(upid);
  demandTask(call, 'Sys.Audit');
  const found = cluster.tasks.find(upid);
  const known =
    found && found.node === node ? found.log : ['unable to open file - No such file or directory'];
  const lines = known.length === 0 ? ['no content'] : known;
  const start = Number(values['start'] ?? 0);
  const limit = Number(values['limit'] ?? 50);
  attributes.total = lines.length;
  const numbered = lines.map((t, index) => ({ n: index + 1, t }));
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
      parsed(call.values['upid'] ?? '');
      const task = taskOf(call);
      demandTask(call, 'Sys.Modify');
      if (task.status === 'stopped') die(`task '${task.upid}' is not running`);
      call.cluster.tasks.stop(task.upid);
      return null;
    },
  },
];
