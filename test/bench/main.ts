/**
 * `npm run bench [-- accept|actions|chaos|faults|overload|powercut|rest|soak|status|site|lxc ... [--minutes N]]`: measures and prints tables; exits 1 when a target is missed. Without a
 * name: all but what takes long, real containers only as root. `--minutes`: of the soak.
 */
import { parseArgs } from 'node:util';
import { benchAccept } from './accept.js';
import { benchActions } from './actions.js';
import { benchChaos } from '../chaos/bench.js';
import { benchFaults } from './faults.js';
import { benchOverload } from './overload.js';
import { benchPowerCut } from './powercut.js';
import { benchRest } from './rest.js';
import { benchSite } from './site.js';
import { benchSoak } from './soak.js';
import { benchStatus } from './status.js';

const isRoot = process.getuid?.() === 0;
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '10' } },
  allowPositionals: true,
});

const benches: Readonly<Record<string, () => Promise<boolean>>> = {
  accept: benchAccept,
  faults: benchFaults,
  powercut: benchPowerCut,
  rest: benchRest,
  status: benchStatus,
  actions: async () => {
    const memory = await benchActions('memory');
    return (isRoot ? await benchActions('lxc') : true) && memory;
  },
  site: () => benchSite('memory'),
  lxc: () => benchSite('lxc'),
  chaos: benchChaos,
  overload: benchOverload,
  soak: () => benchSoak(Number(values.minutes)),
};
/** Only when they are asked for. */
const LONG = ['chaos', 'faults', 'soak'];

const wanted =
  positionals.length > 0
    ? positionals
    : Object.keys(benches).filter((name) => !LONG.includes(name) && (name !== 'lxc' || isRoot));
let met = true;
for (const name of wanted) {
  const bench = benches[name];
  if (!bench) throw new Error(`no such bench: ${name} (there are ${Object.keys(benches).join(', ')})`);
  met = (await bench()) && met;
}
process.exit(met ? 0 : 1);
