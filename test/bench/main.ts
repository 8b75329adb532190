/**
 * `npm run bench [-- accept|actions|chaos|collections|faults|overload|powercut|rest|soak|status|site|lxc ...
 * [--minutes N] [--seed S]]`: measures and prints tables; exits 1 when a target is missed. Without a name it runs all
 * benches except the long ones, and those with real containers only as root. `--minutes`: duration of the soak
 * (default 10) or of the faults (default: all cells). `--seed`: the order of the faults.
 */
import { parseArgs } from 'node:util';
import { benchAccept } from './accept.js';
import { benchActions } from './actions.js';
import { benchChaos } from '../chaos/bench.js';
import { benchCollections } from './collections.js';
import { endWithReader } from './end-with-reader.js';
import { benchFaults } from './faults.js';
import { benchOverload } from './overload.js';
import { benchPowerCut } from './powercut.js';
import { benchRest } from './rest.js';
import { benchSite } from './site.js';
import { benchSoak } from './soak.js';
import { benchStatus } from './status.js';

const isRoot = process.getuid?.() === 0;
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});

const benches: Readonly<Record<string, () => Promise<boolean>>> = {
  accept: benchAccept,
  collections: benchCollections,
  faults: () => benchFaults({ minutes: numberOf(values.minutes), seed: Number(values.seed) }),
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
  soak: () => benchSoak(numberOf(values.minutes) ?? 10),
};

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`--minutes takes whole minutes, not ${text}`);
  return Number(text);
}
/** Only run when they are named. */
const LONG = ['chaos', 'faults', 'soak'];

const wanted =
  positionals.length > 0
    ? positionals
    : Object.keys(benches).filter((name) => !LONG.includes(name) && (name !== 'lxc' || isRoot));
endWithReader();
let met = true;
for (const name of wanted) {
  const bench = benches[name];
  if (!bench) throw new Error(`no such bench: ${name} (there are ${Object.keys(benches).join(', ')})`);
  met = (await bench()) && met;
}
process.exit(met ? 0 : 1);
