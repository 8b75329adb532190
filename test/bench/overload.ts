/**
 * Sends 500 orders at once to an agent with a slow container host: whether all are delivered, and how fast the daemon
 * responds in the meantime.
 */
import { loadavg } from 'node:os';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ms, percentile, printTable, type Row } from './figures.js';
import { flood } from './flood.js';
import { ask, configureBeside, post, startDaemonProcess, startWorld } from './processes.js';

const ORDERS = 500;
/** The API of an idle host responds in 10 to 50 ms. */
const SLOW_MS = 100;
const TASK_MS = 1_000;
const PATIENCE_MS = 3_600_000;
/** An idle daemon needs about 105 MiB, the thread of a running job about 10. */
const MOST_MIB = 400;

export async function benchOverload(): Promise<boolean> {
  const world = await startWorld('memory');
  // 500 sites of the usual size do not fit on the environment's three nodes
  const small = { name: 'basic', memory_mb: 128, disk_gb: 5, cores: 1, domains: 1, backups: 1 };
  const configFile = await configureBeside(world, { plans: [small] });
  const daemon = await startDaemonProcess(world, { configFile });
  try {
    for (const kind of [{ delayMs: SLOW_MS }, { taskMs: TASK_MS }])
      await fetch(`${world.control}/faults`, {
        method: 'POST',
        body: JSON.stringify({ target: 'pve', kind }),
      });
    let most = 0;
    let told = 0;
    const report = await flood({
      get: (path) => ask(world, path),
      post: (path, body) => post(world, path, body),
      containers: async () => {
        const { body } = await ask({ ...world, api: world.control }, '/containers');
        return Value.Parse(Type.Array(Type.Record(Type.String(), Type.Unknown())), body['containers']);
      },
      orders: ORDERS,
      twiceEvery: 5,
      patienceMs: PATIENCE_MS,
      onLook: async (made) => {
        most = Math.max(most, await daemon.rss());
        // shows progress, since it takes minutes
        if (made >= told + ORDERS / 10) console.error(`${(told = made)} of ${ORDERS} sites made`);
      },
    });
    const none = (figure: string, list: readonly unknown[]): Row => ({
      figure,
      value: list.length === 0 ? '0' : `${list.length} (${list.slice(0, 3).join(', ')})`,
      target: '0',
      met: list.length === 0,
    });
    const p99 = (figure: string, values: readonly number[], target?: number): Row => ({
      figure: `${figure} (${values.length})`,
      value: `p50 ${ms(percentile(values, 0.5))}, p99 ${ms(percentile(values, 0.99))}, max ${ms(Math.max(...values))}`,
      target: target === undefined ? '' : `p99 < ${target} ms`,
      met: target === undefined ? null : percentile(values, 0.99) < target,
    });
    const rows: Row[] = [
      none('orders refused', report.refused),
      none('not made', report.unfinished),
      none('made twice', report.doubles),
      {
        figure: 'containers',
        value: String(report.containers),
        target: String(ORDERS),
        met: report.containers === ORDERS,
      },
      p99('order accepted', report.acceptMs),
      p99('GET /status meanwhile', report.statusMs, 100),
      p99('GET /health meanwhile', report.healthMs, 100),
      none(
        'not answered',
        Array.from({ length: report.unanswered }, () => 'status or health'),
      ),
      { figure: 'all made after', value: `${(report.tookMs / 1000).toFixed(0)} s`, target: '', met: null },
      {
        figure: 'most resident memory',
        value: `${most.toFixed(0)} MiB`,
        target: `< ${MOST_MIB} MiB`,
        met: most < MOST_MIB,
      },
    ];
    const [load = 0] = loadavg();
    printTable(
      `${ORDERS} orders at once, every fifth sent twice; container host: ${SLOW_MS} ms a call, ${TASK_MS} ms a task (load ${load.toFixed(1)})`,
      rows,
    );
    return rows.every(({ met }) => met !== false);
  } finally {
    await daemon.close();
    await world.close();
  }
}
