/**
 * GET /status of 10,000 services in random order, with the load generator on the same machine, and the same request
 * to Flask (threaded) with SQLite in the same run.
 */
import autocannon from 'autocannon';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { shippedModules } from '../../src/modules/loader.js';
import { projectRoot } from '../tools/project-root.js';
import { median, ms, percentile, printTable } from './figures.js';
import { fillState } from './fill.js';

/** The build's folder. */
const built = dirname(shippedModules());

const SERVICES = 10_000;
const CONNECTIONS = 50;
const SECONDS = 10;
const WARM_UP_SECONDS = 3;

const Ready = Type.Object({ port: Type.Integer(), token: Type.String() });

interface Server {
  readonly url: string;
  readonly token: string;
  /** CPU time used so far, in microseconds. */
  cpuUs(): Promise<number>;
  close(): Promise<void>;
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly failed: number;
  /** CPU time of the server per request, in microseconds: hardly depends on other load of the machine. */
  readonly cpuUs: number;
}

export async function benchStatus(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-bench-'));
  try {
    const key = randomBytes(32);
    await fillState({ dir, key, count: SERVICES, baseDomain: 'sites.example.net' });
    const server = join(built, 'test', 'bench', 'status-server.js');
    const ours = await measureServer(process.execPath, [
      server,
      dir,
      key.toString('base64'),
      String(SERVICES),
    ]);
    const flask = await measureFlask(join(dir, 'flask.db'));
    report(ours, flask);
    return ours.perSecond >= 10_000 && ours.p99 < 25 && ours.failed === 0;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function report(ours: Measured, flask: Measured | undefined): void {
  const row = (figure: string, value: string, target = '', met: boolean | null = null) => ({
    figure,
    value,
    target,
    met,
  });
  const compared = (text: (measured: Measured) => string): string =>
    flask ? `${text(ours)}  (Flask ${text(flask)})` : text(ours);
  const [load = 0] = loadavg();
  printTable(
    `GET /status, ${SERVICES} services, ${CONNECTIONS} connections, ${SECONDS} s (${cpus().length} cores, load ${load.toFixed(1)})`,
    [
      row(
        'requests per second',
        compared(({ perSecond }) => perSecond.toFixed(0)),
        '>= 10000',
        ours.perSecond >= 10_000,
      ),
      row(
        'p50',
        compared(({ p50 }) => ms(p50)),
      ),
      row(
        'p99',
        compared(({ p99 }) => ms(p99)),
        '< 25 ms',
        ours.p99 < 25,
      ),
      row(
        'max',
        compared(({ max }) => ms(max)),
      ),
      row(
        'processor time per request',
        compared(({ cpuUs }) => `${cpuUs.toFixed(0)} us`),
      ),
      row(
        'not answered well',
        compared(({ failed }) => String(failed)),
        '0',
        ours.failed === 0,
      ),
      ...(flask ? [row('times as many as Flask', (ours.perSecond / flask.perSecond).toFixed(1))] : []),
    ],
  );
}

async function measureFlask(database: string): Promise<Measured | undefined> {
  if (spawnSync('python3', ['-c', 'import flask']).status !== 0) {
    console.log('\nNothing to compare with: install python3-flask.');
    return undefined;
  }
  const script = join(projectRoot(), 'test', 'bench', 'flask_status.py');
  return measureServer('python3', [script, database, String(SERVICES)], loadClosing);
}

async function measureServer(command: string, args: readonly string[], by = load): Promise<Measured> {
  const server = await start(command, args);
  try {
    await by(server, WARM_UP_SECONDS);
    return await by(server, SECONDS);
  } finally {
    await server.close();
  }
}

async function start(command: string, args: readonly string[]): Promise<Server> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('no output');
  const first: unknown[] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      throw new Error(`${command} did not start`);
    }),
  ]);
  const said: unknown = JSON.parse(String(first[0]));
  if (!Value.Check(Ready, said)) throw new Error(`not the line expected: ${String(first[0])}`);
  return {
    url: `http://127.0.0.1:${said.port}`,
    token: said.token,
    cpuUs: () => cpuOf(child.pid ?? 0),
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** User and system time; the kernel counts in hundredths of a second. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Every connection requests its own share of the services repeatedly. */
async function load(server: Server, seconds: number): Promise<Measured> {
  const { url, token } = server;
  const before = await server.cpuUs();
  const share = SERVICES / CONNECTIONS;
  let next = 0;
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    setupClient: (client) => {
      const from = next * share;
      next += 1;
      client.setRequests(
        Array.from({ length: share }, (_, n) => ({
          method: 'GET',
          path: `/status?service_id=${(from + n * 7) % SERVICES}`,
        })),
      );
    },
  });
  const { latency } = result;
  return {
    perSecond: result.requests.average,
    p50: latency.p50,
    p99: latency.p99,
    max: latency.max,
    cpuUs: ((await server.cpuUs()) - before) / result.requests.total,
    failed: result.non2xx + result.errors + result.timeouts,
  };
}

/**
 * The same for a server that closes every connection after one response, as Flask's does, which autocannon does not
 * support.
 */
async function loadClosing(server: Server, seconds: number): Promise<Measured> {
  const { url, token } = server;
  const before = await server.cpuUs();
  const took: number[] = [];
  let failed = 0;
  const until = performance.now() + seconds * 1000;
  const ask = (id: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
      get(`${url}/status?service_id=${id}`, { agent: false, headers }, (answer) => {
        answer.on('end', () => resolve(answer.statusCode ?? 0)).on('error', reject);
        answer.resume();
      }).on('error', reject);
    });
  const line = async (first: number): Promise<void> => {
    for (let id = first; performance.now() < until; id = (id + 7) % SERVICES) {
      const from = performance.now();
      const status = await ask(id).catch(() => 0);
      took.push(performance.now() - from);
      if (status !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => line(n * 200)));
  return {
    perSecond: took.length / seconds,
    p50: median(took),
    p99: percentile(took, 0.99),
    max: Math.max(...took),
    cpuUs: ((await server.cpuUs()) - before) / took.length,
    failed,
  };
}
