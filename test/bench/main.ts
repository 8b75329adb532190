/** `npm run bench [-- accept|faults|powercut|rest|status|site|lxc ...]`: measures and prints tables; exits 1 when a target is missed. Without a name: all but faults (hours), the real containers only as root. */
import { benchAccept } from './accept.js';
import { benchFaults } from './faults.js';
import { benchPowerCut } from './powercut.js';
import { benchRest } from './rest.js';
import { benchSite } from './site.js';
import { benchStatus } from './status.js';

const benches: Readonly<Record<string, () => Promise<boolean>>> = {
  accept: benchAccept,
  faults: benchFaults,
  powercut: benchPowerCut,
  rest: benchRest,
  status: benchStatus,
  site: () => benchSite('memory'),
  lxc: () => benchSite('lxc'),
};

const isRoot = process.getuid?.() === 0;
const wanted =
  process.argv.length > 2
    ? process.argv.slice(2)
    : Object.keys(benches).filter((name) => name !== 'faults' && (name !== 'lxc' || isRoot));
let met = true;
for (const name of wanted) {
  const bench = benches[name];
  if (!bench) throw new Error(`no such bench: ${name} (there are ${Object.keys(benches).join(', ')})`);
  met = (await bench()) && met;
}
process.exit(met ? 0 : 1);
