/**
 * Runs a day's work of a busy agent in minutes: sites are created, backed up, suspended and deleted, remote systems
 * fail from time to time, and clients misbehave. Resources that grow in the meantime would fill a machine within a
 * year.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { printTable, type Row } from './figures.js';
import {
  ask,
  configureBeside,
  type DaemonProcess,
  post,
  rudeClient,
  startDaemonProcess,
  startQuickWorld,
  type WorldProcess,
} from './processes.js';

const LINES = 6;
const SAMPLE_MS = 5_000;
const JOB_MS = 300_000;
const FAULT_EVERY_MS = 3_000;
const RUDE_EVERY_MS = 100;
/** 100 operations on sites in each hour of the day. */
const DAY_OPERATIONS = 2_400;
/** The first part of the run, in which caches and compiled code still grow. */
const WARM_SHARE = 0.3;

/**
 * The requests of one life of a site, in this order; the same ids are reused, so that the size of the state stays
 * constant.
 */
const LIFE = [
  ['/create-site', {}],
  ['/action/mkbak', {}],
  ['/suspend', {}],
  ['/unsuspend', {}],
  ['/action/toggle', { enabled: false }],
  ['/action/restart', {}],
  ['/delete-site', {}],
] as const;

/** All of them are temporary: every request must succeed in spite of them. */
const FAULTS = [
  { target: 'pve', kind: { drop: 'after' } },
  { target: 'pve', kind: { status: 595 } },
  { target: 'pve', kind: { cut: true } },
  { target: 'dns', kind: { status: 500 } },
  { target: 'dns', kind: { drop: 'after' } },
  { target: 'exec', kind: { drop: 'before' } },
  { target: 'proxy', method: 'RELOAD', kind: { taskError: 'signal process started' } },
] as const;

interface Sample {
  readonly operations: number;
  readonly values: Readonly<Record<string, number>>;
}

export async function benchSoak(minutes: number): Promise<boolean> {
  const world = await startQuickWorld();
  // without the limits for faulty panels, which would limit this bench too
  const configFile = await configureBeside(world, {
    'deletion.brake': 100_000,
    'api.rate_limit': { main_thread_ms_per_s: 0, reads_per_s: 0, actions_per_minute: 0 },
  });
  const daemon = await startDaemonProcess(world, { configFile, probed: true });
  const until = performance.now() + minutes * 60_000;
  const done = { operations: 0, problems: [] as string[] };
  try {
    const lines = Promise.all(Array.from({ length: LINES }, (_, n) => live(world, `soak${n}`, until, done)));
    const disturbances = Promise.all([disturb(world, until), beRude(world, until)]);
    const samples: Sample[] = [];
    while (performance.now() < until) {
      await delay(SAMPLE_MS);
      samples.push({ operations: done.operations, values: await look(daemon) });
    }
    await lines;
    await disturbances;
    return report(minutes, done, samples.slice(Math.floor(samples.length * WARM_SHARE)));
  } finally {
    await daemon.close();
    await world.close();
  }
}

async function disturb({ control }: WorldProcess, until: number): Promise<void> {
  for (let n = 0; performance.now() < until; n += 1) {
    const fault = FAULTS[n % FAULTS.length];
    await fetch(`${control}/faults`, { method: 'POST', body: JSON.stringify({ ...fault, times: 1 }) });
    await delay(FAULT_EVERY_MS);
    // used faults stay in the list, which every request searches
    await fetch(`${control}/faults`, { method: 'DELETE' });
  }
}

async function beRude(world: WorldProcess, until: number): Promise<void> {
  for (let n = 0; performance.now() < until; n += 1) {
    await rudeClient(world, n);
    await delay(RUDE_EVERY_MS);
  }
}

async function live(
  world: WorldProcess,
  id: string,
  until: number,
  done: { operations: number; readonly problems: string[] },
): Promise<void> {
  while (performance.now() < until) {
    for (const [path, values] of LIFE) {
      const order =
        path === '/create-site'
          ? { email: `${id}@example.com`, plan: 'basic', public_ip: '203.0.113.10' }
          : values;
      const { status, body } = await post(world, path, { service_id: id, ...order });
      done.operations += 1;
      if (status >= 300) done.problems.push(`${path} ${id}: ${status} ${String(body['error'])}`);
      else {
        const end = await jobEnd(world, String(body['job_id']));
        if (end !== 'completed') done.problems.push(`${path} ${id}: ${end}`);
      }
    }
    await ask(world, `/status?service_id=${id}`);
  }
}

/** The job's last status. */
async function jobEnd(world: WorldProcess, job: string): Promise<string> {
  const late = performance.now() + JOB_MS;
  for (;;) {
    const { body } = await ask(world, `/jobs/${job}`);
    const status = String(body['status']);
    if (!['queued', 'running', 'waiting'].includes(status)) return status;
    if (performance.now() > late) throw new Error(`a job does not end: ${JSON.stringify(body)}`);
    await delay(50);
  }
}

async function look(daemon: DaemonProcess): Promise<Record<string, number>> {
  const { heapUsed, resources, listeners, files, threads } = await daemon.held();
  const timers = (resources['Timeout'] ?? 0) + (resources['Immediate'] ?? 0);
  const handles = Object.values(resources).reduce((sum, count) => sum + count, 0) - timers;
  return {
    'heap in use, MiB': heapUsed / 2 ** 20,
    'resident memory, MiB': await daemon.rss(),
    'open files': files,
    threads,
    handles,
    timers,
    'process listeners': listeners,
  };
}

/** How much each value may grow in 1,000 operations: less than the usual fluctuation. */
const MOST_GROWTH: Readonly<Record<string, number>> = {
  'heap in use, MiB': 1,
  'resident memory, MiB': 5,
  'open files': 2,
  threads: 2,
  handles: 2,
  timers: 2,
  'process listeners': 0.5,
};

function report(
  minutes: number,
  { operations, problems }: { operations: number; readonly problems: readonly string[] },
  samples: readonly Sample[],
): boolean {
  const rows = Object.keys(samples[0]?.values ?? {}).map((figure): Row => {
    const values = samples.map((sample) => sample.values[figure] ?? 0);
    const slope = slopeOf(
      samples.map((sample) => sample.operations / 1000),
      values,
    );
    const most = MOST_GROWTH[figure];
    return {
      figure,
      value: `${values[0]?.toFixed(1) ?? ''} -> ${values.at(-1)?.toFixed(1) ?? ''}, ${slope.toFixed(2)} per 1000 operations`,
      target: most === undefined ? '' : `< ${most}`,
      met: most === undefined ? null : slope < most,
    };
  });
  rows.push({
    figure: 'operations',
    value: String(operations),
    target: `>= ${DAY_OPERATIONS}, a day's`,
    met: operations >= DAY_OPERATIONS,
  });
  rows.push({
    figure: 'operations that failed',
    value: `${problems.length} of ${operations}${problems.length > 0 ? `, first: ${problems[0] ?? ''}` : ''}`,
    target: '0',
    met: problems.length === 0,
  });
  printTable(`${minutes} minutes of sites that come and go, ${LINES} at a time`, rows);
  return rows.every(({ met }) => met !== false);
}

/** The slope by least squares. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const over = xs.reduce((sum, x, at) => sum + (x - mx) * ((ys[at] ?? 0) - my), 0);
  const under = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
