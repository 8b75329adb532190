/**
 * How long the acceptance of `POST /create-site` takes at 50 requests a second, with the state fsynced, while the
 * sites are being created.
 */
import { ms, percentile, printTable } from './figures.js';
import { get, post, startDaemonProcess, startWorld } from './processes.js';

const PER_SECOND = 50;
const SECONDS = 10;
/** Reported separately: until then the code of both sides is compiled at its first use. */
const WARM_UP_SECONDS = 3;

export async function benchAccept(): Promise<boolean> {
  const world = await startWorld('memory');
  const daemon = await startDaemonProcess(world);
  try {
    const cold: number[] = [];
    const took: number[] = [];
    const refused: number[] = [];
    const one = async (n: number, into = took): Promise<void> => {
      const from = performance.now();
      const { status } = await post(world, '/create-site', {
        service_id: `b${n}`,
        email: `bench${n}@example.com`,
        plan: 'basic',
        public_ip: '203.0.113.10',
      });
      into.push(performance.now() - from);
      if (status !== 202) refused.push(status);
    };
    // warms up the client's own code and connections, which must not count for the daemon
    for (let n = 0; n < 30; n += 1) await get(world, '/health');
    await one(0, cold);
    const all: Promise<void>[] = [];
    const start = performance.now();
    for (let n = 1; n <= PER_SECOND * (WARM_UP_SECONDS + SECONDS); n += 1) {
      const due = start + (n * 1000) / PER_SECOND;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      all.push(one(n, n <= PER_SECOND * WARM_UP_SECONDS ? cold : took));
    }
    await Promise.all(all);
    const p99 = percentile(took, 0.99);
    printTable(
      `POST /create-site at ${PER_SECOND}/s for ${SECONDS} s after ${WARM_UP_SECONDS} s, jobs running meanwhile, every one fsynced`,
      [
        {
          figure: 'accepted',
          value: `${cold.length + took.length - refused.length} of ${cold.length + took.length}`,
          target: 'all',
          met: refused.length === 0,
        },
        { figure: 'p99 of the first seconds', value: ms(percentile(cold, 0.99)), target: '', met: null },
        { figure: 'p50', value: ms(percentile(took, 0.5)), target: '', met: null },
        { figure: 'p99', value: ms(p99), target: '< 25 ms', met: p99 < 25 },
        { figure: 'max', value: ms(Math.max(...took)), target: '', met: null },
      ],
    );
    return refused.length === 0 && p99 < 25;
  } finally {
    await daemon.close();
    await world.close();
  }
}
