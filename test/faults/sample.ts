/** A fixed few of the cells that `npm run bench -- faults` walks whole, for the suites. */
import type { Test } from 'tap';
import { type CallSite, OTHERS, siteOf } from './call-sites.js';
import { type Row, runCell } from './cell.js';
import { kindsFor } from './kinds.js';
import { line } from './matrix.js';
import { OPERATIONS } from './operations.js';
import { openStage, type Stage } from './stage.js';

export type Sample = readonly (readonly [operation: string, call: string, ...faults: string[]])[];

/** Cells mostly wait, for a pause of the daemon or a deadline of a driver: so many stages do it side by side. */
const LANES = 3;

/** Each must end done, undone or stuck with an alarm, and leave nothing behind. */
export async function runSample(t: Test, sample: Sample): Promise<readonly Row[]> {
  const cells = sample.flatMap(([name, call, ...faults]) =>
    faults.map((fault) => [name, call, fault] as const),
  );
  const next = cells.entries();
  const rows: Row[] = [];
  const lane = async (): Promise<void> => {
    const stage = await openStage();
    t.teardown(() => stage.close());
    for (const [n, [name, call, fault]] of next) {
      const row = await runOne(stage, name, call, fault, `s${n + 1}x`);
      rows.push(row);
      t.comment(line(row));
      t.same(row.wrong, [], `${name}, ${call}, ${fault}: ${row.end}`);
      t.match(row.end, /^(?:waited, )?(?:done|undone)$|^stuck with alarm$|^refused$/);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return rows;
}

async function runOne(stage: Stage, name: string, call: string, fault: string, id: string): Promise<Row> {
  const operation = OPERATIONS.find((one) => one.name === name);
  const site = callOf(call);
  const kind = kindsFor(site).find((one) => one.name === fault);
  if (!operation || !kind) throw new Error(`no such cell: ${name}, ${call}, ${fault}`);
  return runCell(stage, operation, site, kind, id);
}

const callOf = (name: string): CallSite => {
  const [method = '', path = ''] = name.split(' ');
  return OTHERS.find((site) => site.name === name) ?? siteOf(method, path);
};
