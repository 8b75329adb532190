import t from 'tap';
import { OTHERS } from './call-sites.js';
import { CALLS_AT_ONCE, runCallAtOnce } from './calls-at-once.js';
import { kindsFor } from './kinds.js';
import { line } from './matrix.js';
import { openStage } from './harness.js';

/** A fixed few of the cells that `npm run bench -- faults` walks whole. */
const SAMPLE: readonly (readonly [operation: string, call: string, ...faults: string[]])[] = [
  ['add zone', 'DNS POST', 'dropped after delivery', 'lie', '403'],
  ['add zone', 'look-up NS', 'SERVFAIL'],
  ['remove zone', 'DNS DELETE', 'cut in the middle', 'lie', '500 after delivery'],
  ['add record', 'DNS PATCH', 'dropped after delivery', 'lie', '422'],
  ['remove record', 'DNS PATCH', 'dead', '500 after delivery'],
];

t.test(
  'whatever goes wrong at a call about a zone, the same call again finishes it, and record and name server agree',
  async (t) => {
    const stage = await openStage();
    t.teardown(() => stage.close());
    let cells = 0;
    for (const [name, call, ...faults] of SAMPLE) {
      const operation = CALLS_AT_ONCE.find((one) => one.name === name);
      const site = OTHERS.find((one) => one.name === call);
      for (const fault of faults) {
        const kind = site && kindsFor(site).find((one) => one.name === fault);
        if (!operation || !site || !kind) throw new Error(`no such cell: ${name}, ${call}, ${fault}`);
        const row = await runCallAtOnce(stage, operation, site, kind, `z${(cells += 1)}x`);
        t.comment(line(row));
        t.same(row.wrong, [], `${name}, ${call}, ${fault}: ${row.end}`);
      }
    }
  },
);
