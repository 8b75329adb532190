/** What real systems do beside failing: each of it fires here at least once. */
import t from 'tap';
import { tallyByFault } from './matrix.js';
import { runSample, type Sample } from './sample.js';

const CT = '/nodes/N/lxc/ID';
const SAMPLE: Sample = [
  ['create (template)', `POST ${CT}/clone`, 'refused token'],
  ['upgrade', 'GET /cluster/resources', 'flapping list'],
  ['upgrade', `PUT ${CT}/resize`, 'OK without effect'],
  ['rollback', `POST ${CT}/snapshot/S/rollback`, 'lock left behind'],
  ['unsuspend', `POST ${CT}/status/start`, '596 while starting', 'lock left behind'],
  ['delete', `DELETE ${CT}`, 'clock jumps 400 days ahead'],
];

t.test(
  'nothing is lost by what real systems do beside failing, and each of it really happened',
  async (t) => {
    const tallies = tallyByFault(await runSample(t, SAMPLE));
    const faults = new Set(SAMPLE.flatMap(([, , ...names]) => names));
    for (const fault of faults) t.ok((tallies.get(fault)?.fired ?? 0) > 0, `${fault} fired`);
  },
);
