/** Runs cells and prints their rows as they come; the same for the sample in the suites and the whole in the bench. */
import { type CallSite, callSites, OTHERS } from './call-sites.js';
import { CALLS_AT_ONCE, runCallAtOnce, sitesOfCall } from './calls-at-once.js';
import { type Row, runCell } from './cell.js';
import { type FaultKind, kindsFor } from './kinds.js';
import { OPERATIONS } from './operations.js';
import { openStage, type Stage } from './stage.js';
import type { World } from '../fakes/world-kinds.js';

export interface Cell {
  readonly operation: string;
  readonly site: CallSite;
  readonly fault: FaultKind;
}

export interface Wish {
  readonly stage: World;
  /** Names of operations; absent: all of this stage. */
  readonly operations?: readonly string[];
  /** Which cells of an operation are run; absent: all. */
  readonly pick?: (cell: Cell, n: number) => boolean;
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

export async function runMatrix({ stage: kind, operations, pick = () => true, told }: Wish): Promise<Row[]> {
  const walks = walksOf(kind).filter(({ name }) => operations?.includes(name) ?? true);
  if (walks.length === 0) return [];
  const stage = await openStage(kind);
  const rows: Row[] = [];
  let cells = 0;
  const tell = (row: Row): void => {
    rows.push(row);
    told(row);
  };
  try {
    for (const { name, sites, cell } of walks) {
      const met = await sites(stage, `dry${(cells += 1)}`).catch(async (error: unknown) => {
        await stage.noFaults();
        tell(broken(name, 'all', 'none', error));
        return [];
      });
      for (const site of met)
        for (const fault of kindsFor(site)) {
          if (!pick({ operation: name, site, fault }, (cells += 1))) continue;
          const row = await cell(stage, site, fault, `c${cells}x`).catch((error: unknown) =>
            broken(name, site.name, fault.name, error),
          );
          await stage.noFaults();
          tell(row);
        }
    }
  } finally {
    await stage.close();
  }
  return rows;
}

function broken(operation: string, call: string, fault: string, error: unknown): Row {
  const end = 'the harness failed';
  return { operation, call, fault, end, ms: 0, struck: 0, error: '', wrong: [String(error)] };
}

/** How often each fault met a call, over all rows. One with zero was tried and never fired: its cells show nothing. */
export function firedByFault(rows: readonly Row[]): ReadonlyMap<string, number> {
  const fired = new Map<string, number>();
  for (const { fault, struck } of rows) fired.set(fault, (fired.get(fault) ?? 0) + struck);
  return fired;
}

export function line({ operation, call, fault, end, ms, struck, wrong }: Row): string {
  const good = `${operation.padEnd(18)} ${call.padEnd(46)} ${fault.padEnd(34)} ${end.padEnd(18)} ${String(ms).padStart(6)} ms  struck ${struck}`;
  return wrong.length === 0 ? good : `${good}\n    WRONG: ${wrong.join('\n    WRONG: ')}`;
}
