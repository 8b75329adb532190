/** One cell of the matrix: an operation, one of its calls, a fault at it; how it ended, and what it left. */
import type { CallSite } from './call-sites.js';
import { either, type FaultKind } from './kinds.js';
import { leaks } from './leaks.js';
import { accepted, ended, type Operation } from './operations.js';
import { eventually, type Fields, fieldsOf, listOf, type Stage, textOf } from './harness.js';
import { beginTrouble, type Trouble } from './trouble.js';

export interface Row {
  readonly operation: string;
  readonly call: string;
  readonly fault: string;
  /**
   * `done`, `undone`, `waited, done`, `waited, undone`, `stuck with alarm`, `refused`; `not met`: the call was not
   * made
   */
  readonly end: string;
  readonly ms: number;
  /** How often the fault really fired. */
  readonly struck: number;
  readonly error: string;
  /** Empty in a good row. */
  readonly wrong: readonly string[];
}

/**
 * A job that has neither ended nor waited this long after it began hangs: far longer than any takes on a busy
 * machine. Its fault is lifted, and it has as long again.
 */
const PATIENCE_MS = 150_000;
/**
 * A job that repeats a refused call more often than this, forward and back, never ends. A container that is
 * listed and denied is looked for six times in 2 s, whenever it is needed.
 */
const MOST_REFUSALS = 100;
/** What a customer's sentence does not hold: addresses, paths, tasks, nodes. */
export const INSIDE = /127\.0\.0\.1|\/[a-z]+\/|UPID|\bpve\d|HTTP \d/i;

export interface Cell {
  readonly site: CallSite;
  readonly kind: FaultKind;
}

export async function runCell(
  stage: Stage,
  operation: Operation,
  site: CallSite,
  kind: FaultKind,
  id: string,
): Promise<Row> {
  const [row] = await runCells(stage, operation, [{ site, kind }], id);
  if (!row) throw new Error('the cell has no row');
  return row;
}

/** Cells that share one service, one after the other: it is made before the first and deleted after the last. */
export async function runCells(
  stage: Stage,
  operation: Operation,
  cells: readonly Cell[],
  id: string,
): Promise<readonly Row[]> {
  if (cells.length > 1 && !operation.again) throw new Error(`${operation.name} is asked for only once`);
  await operation.prepare(stage, id);
  const rows: Row[] = [];
  for (const cell of cells) rows.push(await tryCell(stage, operation, cell, id));
  const wrong: string[] = [];
  await remove(stage, id, operation, wrong);
  return rows.map((row, n) => (n === rows.length - 1 ? { ...row, wrong: [...row.wrong, ...wrong] } : row));
}

async function tryCell(stage: Stage, operation: Operation, { site, kind }: Cell, id: string): Promise<Row> {
  const row = { operation: operation.name, call: site.name, fault: kind.name };
  const wrong: string[] = [];
  const trouble = await beginTrouble(stage, site, kind);
  const from = performance.now();
  let job: Fields;
  try {
    const jobId = await operation.ask(stage, id);
    job = await settled(stage, jobId, kind, wrong, trouble);
  } catch (error) {
    // refused before it was accepted: nothing may be left of it, and the sentence says why
    job = {
      status: 'refused',
      struck: await trouble.fired(),
      error: { message: /"error":"([^"]*)"/.exec(String(error))?.[1] ?? '' },
    };
  }
  const ms = Math.round(performance.now() - from);
  await trouble.end();
  await stage.noFaults();
  const end = endOf(job);
  const expected = operation.proxyChangesBeside && site.target === 'proxy' ? either(kind) : kind;
  wrong.push(...untold(stage, site, job, end), ...unexpected(operation, expected, job, end));
  // what is stuck is a person's to finish; here a deletion stands for it
  if (end !== 'stuck') wrong.push(...(await agree(stage, id, operation)));
  return {
    ...row,
    end: job['struck'] === 0 ? 'not met' : end === 'stuck' ? 'stuck with alarm' : end,
    ms,
    struck: Number(job['struck']),
    error: messageOf(job),
    wrong,
  };
}

/**
 * A job whose system is down waits; the fault is lifted when that is seen, since it would wait for hours. A lock that
 * was left is taken away once the log tells how.
 */
async function settled(
  stage: Stage,
  jobId: string,
  kind: FaultKind,
  wrong: string[],
  trouble: Trouble,
): Promise<Fields> {
  const ask = async (): Promise<Fields> => (await stage.call('GET', `/jobs/${jobId}`)).body;
  const isOver = (job: Fields): boolean => job['ended_at'] != null;
  let waited = false;
  const look = async (): Promise<Fields> => {
    const job = await ask();
    if (job['status'] !== 'waiting') return job;
    waited = true;
    await stage.unlock();
    return job;
  };
  const first = await eventually(
    look,
    (job) => isOver(job) || (waited && kind.times === undefined),
    PATIENCE_MS,
  );
  if (!first.right) wrong.push(`neither over nor waiting after ${PATIENCE_MS / 1000} s`);
  const struck = await trouble.fired();
  if (isOver(first.value)) return { ...first.value, waited, struck };
  await trouble.end();
  const { value } = await eventually(look, isOver, PATIENCE_MS);
  return { ...value, waited, struck };
}

/**
 * Silences: a hang, a job that is stuck and says nothing of it, a failure without a reason, or with one that tells
 * too much.
 */
const isKept = ({ target, method }: CallSite): boolean => target === 'pve' && method === 'GET';

function untold(stage: Stage, site: CallSite, job: Fields, end: string): string[] {
  const wrong: string[] = [];
  const message = messageOf(job);
  // what the agent reads once and keeps, like the version, is asked in one cell only
  if (job['struck'] === 0 && !isKept(site)) wrong.push('the fault never struck');
  if (job['ended_at'] == null && job['status'] !== 'refused') wrong.push(`it hangs: ${JSON.stringify(job)}`);
  if (end === 'stuck' && !stage.alarms().some((line) => line['job_id'] === job['id']))
    wrong.push('stuck without an alarm');
  if (end === 'stuck' && listOf(job['remains']).length === 0)
    wrong.push('stuck, and nothing is said to remain');
  if (!end.endsWith('done') && message === '') wrong.push('it says nothing about why');
  if (INSIDE.test(message)) wrong.push(`it tells a customer about the inside: ${message}`);
  return wrong;
}

/** What passes is overcome; what does not is given up without waiting for it to pass. */
function unexpected(operation: Operation, kind: FaultKind, job: Fields, end: string): string[] {
  const good = operation.fails ? 'undone' : 'done';
  const held = end === good || end === `waited, ${good}`;
  const wrong: string[] = [];
  if (kind.expected === 'overcome' && !held) wrong.push(`it passes, and was not overcome: ${messageOf(job)}`);
  // one that fails anyway may have failed before
  if (kind.expected === 'given up' && held && !operation.fails) wrong.push('it cannot have been done');
  if (kind.expected !== 'overcome' && job['waited'] === true) wrong.push('it waited for what does not pass');
  if (kind.expected !== 'overcome' && Number(job['struck']) > MOST_REFUSALS)
    wrong.push(`it was refused ${String(job['struck'])} times`);
  return wrong;
}

function endOf(job: Fields): string {
  const waited = job['waited'] === true ? 'waited, ' : '';
  if (job['status'] === 'completed') return `${waited}done`;
  if (job['status'] === 'failed' || job['status'] === 'cancelled') return `${waited}undone`;
  return String(job['status']);
}

const messageOf = (job: Fields): string => {
  const error = fieldsOf(job['error']);
  return [error['code'], error['step'], error['message']]
    .flatMap((part) => (typeof part === 'string' ? part : []))
    .join(' ');
};

/**
 * The world may lag behind the job's end for a moment (a task that nobody waits for any more, HA's next round); a
 * certificate that could not be taken away is tried again after a minute.
 */
const SOON_MS = 5_000;
const NEXT_TRY_MS = 75_000;

async function agree(stage: Stage, id: string, { name, proxyChangesBeside }: Operation): Promise<string[]> {
  const { value } = await eventually(
    () => leaks(stage, id, ['start', 'stop', 'restart'].includes(name)),
    (found) => found.length === 0,
    proxyChangesBeside ? NEXT_TRY_MS : SOON_MS,
  );
  return value;
}

async function remove(stage: Stage, id: string, operation: Operation, wrong: string[]): Promise<void> {
  const { body } = await stage.call('GET', `/status?service_id=${id}`);
  if (body['status'] === 'terminated' || body['success'] !== true) {
    await forgetKept(stage, id, body);
    return;
  }
  const job = await ended(stage, await accepted(stage, '/delete-site', { service_id: id }));
  if (job['status'] !== 'completed') wrong.push(`it cannot be deleted: ${JSON.stringify(job)}`);
  wrong.push(...(await agree(stage, id, operation)).map((leak) => `after its deletion: ${leak}`));
}

/** Its number and address are needed by the next cells; the container stays with nobody. */
async function forgetKept(stage: Stage, id: string, status: Fields): Promise<void> {
  // no date: nothing is kept
  if (!(Date.parse(textOf(status['purge_at'])) > Date.now())) return;
  await ended(stage, await accepted(stage, `/services/${id}/forget`, { confirm: id }));
}
