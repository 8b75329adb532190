/** Start-up time and memory of an idle daemon with 1,000 services. */
import { loadConfig } from '../../src/config/load.js';
import { loadStateKey } from '../../src/state/keys/state-key.js';
import { fillState } from './fill.js';
import { median, ms, printTable } from './figures.js';
import { startDaemonProcess, startWorld, type WorldProcess } from './processes.js';

const SERVICES = 1000;
const STARTS = 5;
const SETTLE_MS = 3000;

export async function benchRest(): Promise<boolean> {
  const world = await startWorld('memory');
  try {
    await fill(world);
    const ready: number[] = [];
    const rss: number[] = [];
    for (let start = 0; start < STARTS; start += 1) {
      const daemon = await startDaemonProcess(world);
      ready.push(daemon.readyMs);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      rss.push(await daemon.rss());
      await daemon.close();
    }
    printTable(`A daemon at rest with ${SERVICES} services (median of ${STARTS} starts)`, [
      { figure: 'start to /ready', value: ms(median(ready)), target: '< 1000 ms', met: median(ready) < 1000 },
      {
        figure: 'resident memory',
        value: `${median(rss).toFixed(0)} MiB`,
        target: '< 120 MiB',
        met: median(rss) < 120,
      },
    ]);
    return median(ready) < 1000 && median(rss) < 120;
  } finally {
    await world.close();
  }
}

async function fill(world: WorldProcess): Promise<void> {
  const config = await loadConfig({ file: world.configFile });
  await fillState({
    dir: config.agent.state_dir,
    key: await loadStateKey(config),
    count: SERVICES,
    baseDomain: config.agent.base_domain,
  });
}
