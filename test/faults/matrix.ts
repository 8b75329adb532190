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
      const sites = await callSites(stage, operation, `dry${(cells += 1)}`).catch(async (error: unknown) => {
        await stage.noFaults();
        const row = broken(operation.name, 'all', 'none', error);
        rows.push(row);
        told(row);
        return [];
      });
      for (const site of sites)
        for (const kind of kindsFor(site)) {
          if (!pick(operation, site, kind, (cells += 1))) continue;
          const row = await runCell(stage, operation, site, kind, `c${cells}x`).catch((error: unknown) =>
            broken(operation.name, site.name, kind.name, error),
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

function broken(operation: string, call: string, fault: string, error: unknown): Row {
  const end = 'the harness failed';
  return { operation, call, fault, end, ms: 0, struck: 0, error: '', wrong: [String(error)] };
}

export function line({ operation, call, fault, end, ms, struck, wrong }: Row): string {
  const good = `${operation.padEnd(18)} ${call.padEnd(46)} ${fault.padEnd(34)} ${end.padEnd(18)} ${String(ms).padStart(6)} ms  struck ${struck}`;
  return wrong.length === 0 ? good : `${good}\n    WRONG: ${wrong.join('\n    WRONG: ')}`;
}
