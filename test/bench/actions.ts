/**
 * Start, stop and toggle of one site as a panel requests them: how long the container (or nginx) itself takes, and
 * where the rest of the time goes.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { loadConfig } from '../../src/config/load.js';
import { median, ms, printTable, type Row } from './figures.js';
import {
  ask,
  configureBeside,
  post,
  startDaemonProcess,
  startWorld,
  type WorldProcess,
} from './processes.js';

const run = promisify(execFile);
const TIMES = 8;
/** A customer does not press a button twice so quickly, and reloads of nginx are at least 300 ms apart. */
const BETWEEN_MS = 400;
/**
 * nginx sleeps this long between starting new workers and ending the old ones (`ngx_master_process_cycle`): until
 * then both answer.
 */
const NGINX_SLEEP_MS = 100;
const MOST_REST_MS = 150;

const Job = Type.Object({
  status: Type.String(),
  created_at: Type.String(),
  started_at: Type.String(),
  ended_at: Type.String(),
  steps: Type.Array(Type.Object({ started_at: Type.String(), ended_at: Type.String() })),
});
const Tasks = Type.Object({
  tasks: Type.Array(Type.Object({ began: Type.Number(), ended: Type.Optional(Type.Number()) })),
});

/** All in ms; `own` is part of `steps`. */
interface Parts {
  readonly whole: number;
  /** From the record until the runner starts the job. */
  readonly queue: number;
  /** From the start of the job until its first step: the thread starts and loads the module. */
  readonly thread: number;
  readonly steps: number;
  /** Time of the container host's tasks. A toggle has none: time of nginx, tested and reloaded manually. */
  readonly own: number;
  /** From the end of the last step until the end of the job. */
  readonly ending: number;
  /** The rest: the request, its record, the response. */
  readonly call: number;
}

export async function benchActions(backend: 'memory' | 'lxc'): Promise<boolean> {
  const world = await startWorld(backend);
  // the pauses of an HA manager are neither the container's time nor the agent's
  const configFile = await configureBeside(world, { 'container_host.proxmox.ha.enabled': false });
  const daemon = await startDaemonProcess(world, { configFile });
  try {
    const { body } = await post(world, '/create-site', {
      service_id: 'a1',
      email: 'a1@example.com',
      plan: 'basic',
      public_ip: '203.0.113.10',
    });
    await ended(world, String(body['job_id']));
    const proxyOwn = await proxyTime(configFile);
    let met = true;
    for (const [name, calls] of [
      ['stop', [['/action/start'], ['/action/stop']]],
      ['start', [['/action/stop'], ['/action/start']]],
      ['toggle', [['/action/toggle']]],
    ] as const) {
      const found: Parts[] = [];
      for (let n = 0; n < TIMES; n += 1)
        for (const [path] of calls) {
          await delay(BETWEEN_MS);
          const parts = await timed(world, path);
          const own = path === '/action/toggle' ? proxyOwn : parts.own;
          if (path === calls.at(-1)?.[0] && n > 0) found.push({ ...parts, own });
        }
      met = report(backend, name, found) && met;
    }
    return met;
  } finally {
    await daemon.close();
    await world.close();
  }
}

async function timed(world: WorldProcess, path: string): Promise<Parts> {
  const at = Date.now();
  const from = performance.now();
  const { status, body } = await post(world, path, { service_id: 'a1' });
  const whole = performance.now() - from;
  // 202 on a machine that is so busy that 20 s were not enough
  if (status !== 200 && status !== 202) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  const job = await ended(world, String(body['job_id']));
  const time = (text: string): number => Date.parse(text);
  const begun = Math.min(...job.steps.map((step) => time(step.started_at)));
  const over = Math.max(...job.steps.map((step) => time(step.ended_at)));
  const queue = time(job.started_at) - time(job.created_at);
  const thread = begun - time(job.started_at);
  const ending = time(job.ended_at) - over;
  return {
    whole,
    queue,
    thread,
    steps: over - begun,
    own: await ownTime(world, at),
    ending,
    call: whole - (time(job.ended_at) - time(job.created_at)),
  };
}

async function ended(world: WorldProcess, id: string) {
  for (;;) {
    const { body } = await ask(world, `/jobs/${id}`);
    if (body['status'] === 'completed' && Value.Check(Job, body)) return body;
    if (body['status'] === 'failed') throw new Error(JSON.stringify(body));
    await delay(20);
  }
}

/** The time from the start of the container host's first task since then to the end of its last. */
async function ownTime(world: WorldProcess, since: number): Promise<number> {
  const told: unknown = await (await fetch(`${world.control}/tasks`)).json();
  if (!Value.Check(Tasks, told))
    throw new Error(`not a list of tasks: ${JSON.stringify(told).slice(0, 400)}`);
  const tasks = told.tasks.filter(({ began }) => began >= since);
  if (tasks.length === 0) return 0;
  return (
    Math.max(...tasks.map(({ began, ended: over = began }) => over)) -
    Math.min(...tasks.map(({ began }) => began))
  );
}

/**
 * The time of one reload of the environment's nginx without other reloads: its two commands, and the end of the old
 * workers.
 */
async function proxyTime(configFile: string): Promise<number> {
  const { test, reload } = (await loadConfig({ file: configFile })).proxy.nginx;
  const took: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    await delay(BETWEEN_MS);
    const from = performance.now();
    await run(test[0] ?? '', test.slice(1));
    const old = await workersOf(reload);
    await run(reload[0] ?? '', reload.slice(1));
    if (old.length === 0) await delay(NGINX_SLEEP_MS);
    while ((await workersOf(reload)).some((pid) => old.includes(pid))) await delay(2);
    took.push(performance.now() - from);
  }
  return median(took);
}

/** Empty if a stand-in replaces nginx. */
async function workersOf(reload: readonly string[]): Promise<string[]> {
  const main = await readFile(reload[reload.indexOf('-c') + 1] ?? '', 'utf8').catch(() => '');
  const pidFile = /^pid (.+);$/m.exec(main)?.[1];
  if (pidFile === undefined) return [];
  const pid = (await readFile(pidFile, 'utf8')).trim();
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
}

function report(backend: string, name: string, found: readonly Parts[]): boolean {
  const of = (pick: (parts: Parts) => number): number => median(found.map(pick));
  const rest = of(({ whole, own }) => whole - own);
  const plain = (figure: string, value: number): Row => ({ figure, value: ms(value), target: '', met: null });
  const [load = 0] = loadavg();
  printTable(`${name} on the ${backend} back end (median of ${found.length}, load ${load.toFixed(1)})`, [
    plain(
      'call to answer',
      of(({ whole }) => whole),
    ),
    plain(
      name === 'toggle' ? "nginx's own time" : "the container's own time",
      of(({ own }) => own),
    ),
    {
      figure: 'all the rest',
      value: ms(rest),
      target: `< ${MOST_REST_MS} ms`,
      met: rest < MOST_REST_MS,
    },
    plain(
      '  request, record, answer',
      of(({ call }) => call),
    ),
    plain(
      '  queue',
      of(({ queue }) => queue),
    ),
    plain(
      '  thread and module',
      of(({ thread }) => thread),
    ),
    plain(
      '  drivers and journal within the steps',
      of(({ steps, own }) => steps - own),
    ),
    plain(
      '  end of the job',
      of(({ ending }) => ending),
    ),
  ]);
  return rest < MOST_REST_MS;
}
