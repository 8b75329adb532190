/**
 * A process whose descriptors run out; started by descriptors.test.ts under a low `ulimit -n`. Says as JSON what
 * became of each call.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { openDescriptors } from '../../../src/kernel/descriptor-use.js';
import { asAgentError } from '../../../src/kernel/errors.js';
import { Secret } from '../../../src/kernel/secret.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import { runChild } from '../../../src/drivers/shared/child.js';
import { newCircuits } from '../../../src/drivers/shared/circuit.js';
import { powerDnsDriver } from '../../../src/drivers/dns/powerdns/index.js';
import { instrument } from '../../../src/drivers/shared/instrument.js';
import { Disk } from '../../../src/state/files/disk.js';
import { nodeFileSystem } from '../../../src/state/files/file-system.js';
import { handClock } from '../../fakes/clock.js';

const [dir = '', port = ''] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const circuits = newCircuits(handClock(), { failures: 1, pauseMs: 5_000 });
const config = {
  ...{
    url: `http://127.0.0.1:${port}`,
    api_key: new Secret('k'),
    server_id: 'localhost',
    zone: 'sites.test',
  },
  timeout_s: 5,
};
const powerdns = powerDnsDriver(config, 60, 'a', circuits.of('dns', 'DNS'));
const dns = instrument('dns', powerdns, { heard: () => {}, log });
const disk = new Disk(nodeFileSystem);
const signal = new AbortController().signal;

const tries: Readonly<Record<string, () => Promise<unknown>>> = {
  dns: () => dns.find('a.sites.test', 'A', plainCall(signal)),
  child: () => runChild(['true'], { maxOutputBytes: 100 }, signal),
  state: () => disk.replace(join(dir, 'a.json'), '{}'),
};
const all = async (): Promise<Record<string, string>> => {
  const ends: [string, string][] = [];
  for (const [name, run] of Object.entries(tries))
    ends.push([
      name,
      await run().then(
        () => 'ok',
        (error: unknown) => asAgentError(error).code,
      ),
    ]);
  return Object.fromEntries(ends);
};

await disk.ensureFolder(dir);
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // none is left now
}
const open = openDescriptors();
const without = await all();
for (const fd of taken) closeSync(fd);
const again = await all();
const { state, failures } = circuits.of('dns', 'DNS').view();
console.log(
  JSON.stringify({ taken: taken.length, open, without, again, state, failures, broken: disk.broken }),
);
process.exit(0);
