/** Runs cells and prints their rows as they come; the same for the sample in the suites and the whole in the bench. */
import { type CallSite, callSites, OTHERS } from './call-sites.js';
import { CALLS_AT_ONCE, runCallAtOnce, sitesOfCall } from './calls-at-once.js';
import { type Row, runCell } from './cell.js';
import { type FaultKind, kindsFor } from './kinds.js';
import { OPERATIONS } from './operations.js';
import { openStage, type Stage } from './harness.js';
import { seeded } from '../chaos/seeded.js';
import type { World } from '../fakes/world-kinds.js';

export interface Cell {
  readonly operation: string;
  readonly site: CallSite;
  readonly fault: FaultKind;
}

export interface CellRequest {
  readonly stage: World;
  /** Names of operations; absent: all of this stage. */
  readonly operations?: readonly string[];
  /** Which cells of an operation are run; absent: all. */
  readonly pick?: (cell: Cell, n: number) => boolean;
  /** Shuffles the cells, one of each fault first; absent: operation by operation. */
  readonly seed?: number;
  /** No further cell is begun after so many milliseconds. */
  readonly limitMs?: number;
  readonly told: (row: Row) => void;
}

/** An operation as a row of cells: which calls it makes, and what one fault at one of them does to it. */
interface Walk {
  readonly name: string;
  readonly sites: (stage: Stage, id: string) => Promise<readonly CallSite[]>;
  readonly cell: (stage: Stage, site: CallSite, kind: FaultKind, id: string) => Promise<Row>;
}

function walksOf(kind: World): readonly Walk[] {
  const jobs = OPERATIONS.filter(({ stage = 'template' }) => stage === kind).map((operation): Walk => ({
    name: operation.name,
    sites: async (stage, id) =>
      (await callSites(stage, operation, id)).filter(({ name }) => name !== operation.failsAt),
    cell: (stage, site, fault, id) => runCell(stage, operation, site, fault, id),
  }));
  const atOnce = CALLS_AT_ONCE.map((operation): Walk => ({
    name: operation.name,
    sites: (stage, id) => sitesOfCall(stage, operation, id, OTHERS),
    cell: (stage, site, fault, id) => runCallAtOnce(stage, operation, site, fault, id),
  }));
  return kind === 'template' ? [...jobs, ...atOnce] : jobs;
}

/** What was run, and how many cells there are. */
export interface Walked {
  readonly rows: readonly Row[];
  readonly cells: number;
}

/** How many operations this stage has. */
export const operationsOf = (kind: World): number => walksOf(kind).length;

export async function runMatrix(request: CellRequest): Promise<Walked> {
  const { stage: kind, operations, pick = () => true, seed, limitMs = Infinity, told } = request;
  const walks = walksOf(kind).filter(({ name }) => operations?.includes(name) ?? true);
  if (walks.length === 0) return { rows: [], cells: 0 };
  const until = performance.now() + limitMs;
  const stage = await openStage(kind);
  const rows: Row[] = [];
  const tell = (row: Row): void => {
    rows.push(row);
    told(row);
  };
  try {
    const all: (Cell & Pick<Walk, 'cell'>)[] = [];
    for (const [n, { name, sites, cell }] of walks.entries()) {
      const met = await sites(stage, `dry${n}`).catch(async (error: unknown) => {
        await stage.noFaults();
        tell(broken(name, 'all', 'none', error));
        return [];
      });
      for (const site of met)
        for (const fault of kindsFor(site)) all.push({ operation: name, site, fault, cell });
    }
    const chosen = inOrder(all.filter(pick), seed);
    for (const [n, { operation, site, fault, cell }] of chosen.entries()) {
      if (performance.now() > until) break;
      const row = await cell(stage, site, fault, `c${n}x`).catch((error: unknown) =>
        broken(operation, site.name, fault.name, error),
      );
      await stage.noFaults();
      stage.setClock(0);
      tell(row);
    }
    return { rows, cells: chosen.length };
  } finally {
    await stage.close();
  }
}

/** So that a part of them says something about every fault. */
function inOrder<T extends Cell>(cells: readonly T[], seed: number | undefined): readonly T[] {
  if (seed === undefined) return cells;
  const chance = seeded(seed);
  const shuffled = cells
    .map((cell) => ({ cell, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ cell }) => cell);
  const met = new Map<string, number>();
  const turns = shuffled.map((cell) => {
    const turn = (met.get(cell.fault.name) ?? 0) + 1;
    met.set(cell.fault.name, turn);
    return { cell, turn };
  });
  // one of each, then two of each, then as they come
  return turns
    .sort((a, b) => Math.min(a.turn, EACH + 1) - Math.min(b.turn, EACH + 1))
    .map(({ cell }) => cell);
}

/** So many of each fault come first. */
const EACH = 3;

function broken(operation: string, call: string, fault: string, error: unknown): Row {
  const end = 'the harness failed';
  return { operation, call, fault, end, ms: 0, struck: 0, error: '', wrong: [String(error)] };
}

/** What became of one kind of fault, over all its cells. */
export interface Tally {
  readonly cells: number;
  /** How often it really fired. With zero it was tried and shows nothing. */
  readonly fired: number;
  readonly done: number;
  readonly undone: number;
  /** Jobs that waited on the way to either. */
  readonly waited: number;
  /** Refused before anything began, stuck with an alarm, or not met. */
  readonly other: number;
  /** Cells in which anything was wrong. */
  readonly leaks: number;
}

export function tallyByFault(rows: readonly Row[]): ReadonlyMap<string, Tally> {
  const names = [...new Set(rows.map(({ fault }) => fault))].sort();
  return new Map(names.map((name) => [name, tallyOf(rows.filter(({ fault }) => fault === name))]));
}

export function tallyOf(rows: readonly Row[]): Tally {
  const count = (isIt: (row: Row) => boolean): number => rows.filter(isIt).length;
  const done = count(({ end }) => /\bdone$/.test(end));
  const undone = count(({ end }) => /\bundone$/.test(end));
  return {
    ...{ cells: rows.length, done, undone },
    fired: rows.reduce((sum, { struck }) => sum + struck, 0),
    waited: count(({ end }) => end.startsWith('waited')),
    other: rows.length - done - undone,
    leaks: count(({ wrong }) => wrong.length > 0),
  };
}

export function line({ operation, call, fault, end, ms, struck, wrong }: Row): string {
  const good = `${operation.padEnd(18)} ${call.padEnd(46)} ${fault.padEnd(34)} ${end.padEnd(18)} ${String(ms).padStart(6)} ms  struck ${struck}`;
  return wrong.length === 0 ? good : `${good}\n    WRONG: ${wrong.join('\n    WRONG: ')}`;
}
