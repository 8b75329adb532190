/** A fixed few of the cells that `npm run bench -- faults` walks whole, for the suites. */
import type { Test } from 'tap';
import { type CallSite, OTHERS, siteOf } from './call-sites.js';
import { type Cell, type Row, runCells } from './cell.js';
import { kindsFor } from './kinds.js';
import { line } from './matrix.js';
import { type Operation, OPERATIONS } from './operations.js';
import { openStage } from './harness.js';

export type Sample = readonly (readonly [operation: string, call: string, ...faults: string[]])[];

/** Cells mostly wait, for a pause of the daemon or a deadline of a driver: so many stages do it side by side. */
const LANES = 3;

/** Each must end done, undone or stuck with an alarm, and leave nothing behind. */
export async function runSample(t: Test, sample: Sample): Promise<readonly Row[]> {
  const groups = groupsOf(sample).entries();
  const rows: Row[] = [];
  const lane = async (): Promise<void> => {
    const stage = await openStage();
    t.teardown(() => stage.close());
    for (const [n, { operation, cells }] of groups) {
      for (const row of await runCells(stage, operation, cells, `s${n + 1}x`)) {
        rows.push(row);
        t.comment(line(row));
        t.same(row.wrong, [], `${row.operation}, ${row.call}, ${row.fault}: ${row.end}`);
        t.match(row.end, /^(?:waited, )?(?:done|undone)$|^stuck with alarm$|^refused$/);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return rows;
}

/** Cells of an operation that can be asked for again share a service. */
function groupsOf(sample: Sample): { operation: Operation; cells: Cell[] }[] {
  const groups: { operation: Operation; cells: Cell[] }[] = [];
  for (const [name, call, ...faults] of sample)
    for (const fault of faults) {
      const { operation, ...cell } = cellOf(name, call, fault);
      const group = groups.find((one) => one.operation === operation);
      if (operation.again && group) group.cells.push(cell);
      else groups.push({ operation, cells: [cell] });
    }
  return groups;
}

function cellOf(name: string, call: string, fault: string): Cell & { operation: Operation } {
  const operation = OPERATIONS.find((one) => one.name === name);
  const site = callOf(call);
  const kind = kindsFor(site).find((one) => one.name === fault);
  if (!operation || !kind) throw new Error(`no such cell: ${name}, ${call}, ${fault}`);
  return { operation, site, kind };
}

const callOf = (name: string): CallSite => {
  const [method = '', path = ''] = name.split(' ');
  return OTHERS.find((site) => site.name === name) ?? siteOf(method, path);
};
