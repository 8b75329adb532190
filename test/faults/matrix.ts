/** Runs cells and prints their rows as they come; the same for the sample in the suites and the whole in the bench. */
import { type CallSite, callSites } from './call-sites.js';
import { type Row, runCell } from './cell.js';
import { type FaultKind, kindsFor } from './kinds.js';
import { type Operation, OPERATIONS } from './operations.js';
import { openStage } from './stage.js';

export interface Wish {
  readonly source: 'template' | 'scratch';
  /** Names of operations; absent: all of this source. */
  readonly operations?: readonly string[];
  /** Which cells of an operation are run; absent: all. */
  readonly pick?: (operation: Operation, site: CallSite, kind: FaultKind, n: number) => boolean;
  readonly told: (row: Row) => void;
}

export async function runMatrix({ source, operations, pick = () => true, told }: Wish): Promise<Row[]> {
  const stage = await openStage(source);
  const rows: Row[] = [];
  let cells = 0;
  try {
    for (const operation of OPERATIONS.filter((one) => (one.source ?? 'template') === source)) {
      if (operations && !operations.includes(operation.name)) continue;
      for (const site of await callSites(stage, operation, `dry${(cells += 1)}`))
        for (const kind of kindsFor(site)) {
          if (!pick(operation, site, kind, (cells += 1))) continue;
          const row = await runCell(stage, operation, site, kind, `c${cells}x`).catch(
            (error: unknown): Row => ({
              operation: operation.name,
              call: site.name,
              fault: kind.name,
              end: 'the harness failed',
              ms: 0,
              error: '',
              wrong: [String(error)],
            }),
          );
          await stage.noFaults();
          rows.push(row);
          told(row);
        }
    }
  } finally {
    await stage.close();
  }
  return rows;
}

export function line({ operation, call, fault, end, ms, wrong }: Row): string {
  const good = `${operation.padEnd(18)} ${call.padEnd(46)} ${fault.padEnd(34)} ${end.padEnd(18)} ${String(ms).padStart(6)} ms`;
  return wrong.length === 0 ? good : `${good}\n    WRONG: ${wrong.join('\n    WRONG: ')}`;
}
