/** The real daemon with boundaries around it, as a separate process; the harness sends it the point at which to die. */
import { Value } from 'typebox/value';
import { loadConfig } from '../../src/config/load.js';
import { startDaemon } from '../../src/main.js';
import { aroundAnswers, aroundDrivers, aroundFiles } from './around.js';
import { aroundFolder } from './around-folder.js';
import { aroundWire } from './around-wire.js';
import { boundaries } from './boundaries.js';
import { FirstOrder, Order } from './messages.js';

const [configFile = '', first = 'null', ahead = '0'] = process.argv.slice(2);
const death: unknown = JSON.parse(first);
if (!Value.Check(FirstOrder, death)) throw new Error(`not a place to die: ${first}`);

/** Sets the wall clock of this process, like `date -s` for a machine. */
const rightNow = Date.now;
let aheadMs = Number(ahead);
Date.now = () => rightNow() + aheadMs;

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  // the signal has been sent: nothing more may happen
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
};
const points = boundaries((laterMs) => {
  if (laterMs === 0) die();
  setTimeout(die, laterMs);
});
points.set(death ?? undefined);

process.on('message', (message: unknown) => {
  if (!Value.Check(Order, message)) throw new Error(`not an order: ${JSON.stringify(message)}`);
  if ('set' in message) {
    points.set(message.set ?? undefined);
    process.send?.({ set: true });
  } else if ('clock' in message) {
    aheadMs = message.clock;
    process.send?.({ clock: true });
  } else {
    process.send?.({ passed: points.passed() });
  }
});
// the harness has ended
process.on('disconnect', () => process.exit(0));

const config = await loadConfig({ file: configFile });
aroundAnswers(points);
aroundWire(points);
aroundFolder(config.proxy.nginx.dir, points);
const daemon = await startDaemon({
  configFile,
  around: {
    files: (real) => aroundFiles(real, config.agent.state_dir, points),
    drivers: (real) => aroundDrivers(real, points),
  },
});
void daemon.failed.then((error) => {
  console.error(error.message);
  process.exit(1);
});
process.send?.({ ready: true });
