/** Start, stop and toggle of one site as a panel calls them: how long the container itself takes, and where the rest of the time goes. */
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { median, ms, printTable, type Row } from './figures.js';
import {
  ask,
  configureBeside,
  post,
  startDaemonProcess,
  startWorld,
  type WorldProcess,
} from './processes.js';

const TIMES = 8;
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
  /** Recorded until taken up. */
  readonly queue: number;
  /** Taken up until the first step begins: the thread starts and loads the module. */
  readonly thread: number;
  readonly steps: number;
  /** Of the container host's tasks. */
  readonly own: number;
  /** The last step's end until the job's. */
  readonly ending: number;
  /** What is left: the request, its record, the answer. */
  readonly call: number;
}

export async function benchActions(backend: 'memory' | 'lxc'): Promise<boolean> {
  const world = await startWorld(backend);
  // the pauses of an HA manager are neither the container's time nor ours
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
    let met = true;
    for (const [name, calls] of [
      ['stop', [['/action/start'], ['/action/stop']]],
      ['start', [['/action/stop'], ['/action/start']]],
      ['toggle', [['/action/toggle']]],
    ] as const) {
      const found: Parts[] = [];
      for (let n = 0; n < TIMES; n += 1)
        for (const [path] of calls) {
          const parts = await timed(world, path);
          if (path === calls.at(-1)?.[0] && n > 0) found.push(parts);
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
  // 202 on a machine so busy that 20 s were not enough
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

/** From the first task that the container host began since to the end of the last. */
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
      "the container's own time",
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
