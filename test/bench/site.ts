/**
 * The time from the accepted order to a responding site, with real containers and one site after the other, compared
 * with the longest path of the steps and with their sum.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { longestPathMs } from '../../src/model/flow.js';
import { median, ms, printTable } from './figures.js';
import { get, post, startDaemonProcess, startWorld, type WorldProcess } from './processes.js';

const SITES = 9;

const Accepted = Type.Object({ fqdn: Type.String(), job_id: Type.String() });
const JobAnswer = Type.Object({
  status: Type.String(),
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      after: Type.Array(Type.String()),
      started_at: Type.String(),
      ended_at: Type.String(),
    }),
  ),
});

interface Timing {
  readonly answering: number;
  readonly completed: number;
  readonly longest: number;
  readonly sum: number;
}

export async function benchSite(backend: 'memory' | 'lxc'): Promise<boolean> {
  const world = await startWorld(backend);
  const daemon = await startDaemonProcess(world);
  try {
    const timings: Timing[] = [];
    for (let n = 0; n <= SITES; n += 1) timings.push(await oneSite(world, n));
    // the first site warms caches
    const counted = timings.slice(1);
    const of = (pick: (timing: Timing) => number): number => median(counted.map(pick));
    const answering = of((timing) => timing.answering);
    const ratio = of((timing) => timing.answering / timing.longest);
    printTable(`One site after the other on the ${backend} back end (median of ${SITES})`, [
      { figure: 'accepted to answering', value: ms(answering), target: '< 3000 ms', met: answering < 3000 },
      { figure: 'accepted to completed', value: ms(of((timing) => timing.completed)), target: '', met: null },
      {
        figure: 'longest path of the steps',
        value: ms(of((timing) => timing.longest)),
        target: '',
        met: null,
      },
      { figure: 'answering / longest path', value: ratio.toFixed(2), target: '<= 1.15', met: ratio <= 1.15 },
      {
        figure: 'all steps one after the other',
        value: ms(of((timing) => timing.sum)),
        target: '',
        met: null,
      },
    ]);
    return answering < 3000 && ratio <= 1.15;
  } finally {
    await daemon.close();
    await world.close();
  }
}

async function oneSite(world: WorldProcess, n: number): Promise<Timing> {
  const from = performance.now();
  const { body } = await post(world, '/create-site', {
    service_id: `s${n}`,
    email: `site${n}@example.com`,
    plan: 'basic',
    public_ip: '203.0.113.10',
  });
  if (!Value.Check(Accepted, body)) throw new Error(`not accepted: ${JSON.stringify(body)}`);
  await untilAnswering(world, body.fqdn);
  const answering = performance.now() - from;
  for (;;) {
    const answer = await get(world, `/jobs/${body.job_id}`);
    if (Value.Check(JobAnswer, answer) && answer.status === 'completed') {
      const took = new Map(
        answer.steps.map((step) => [step.name, Date.parse(step.ended_at) - Date.parse(step.started_at)]),
      );
      const shapes = answer.steps.map(({ name, after }) => ({
        name,
        after,
        undoable: false,
        pivot: false,
      }));
      return {
        answering,
        completed: performance.now() - from,
        longest: longestPathMs(shapes, (name) => took.get(name) ?? 0),
        sum: [...took.values()].reduce((sum, one) => sum + one, 0),
      };
    }
    await delay(20);
  }
}

async function untilAnswering(world: WorldProcess, fqdn: string): Promise<void> {
  const dispatcher = new Agent({
    connect: { ca: await readFile(world.caFile, 'utf8'), servername: fqdn },
  });
  while (!(await isAnswering(`https://127.0.0.1:${world.httpsPort}/`, fqdn, dispatcher))) await delay(10);
  await dispatcher.close();
}

/** A proxy without sites may not listen yet. */
async function isAnswering(url: string, host: string, dispatcher: Agent): Promise<boolean> {
  try {
    const { statusCode, body } = await request(url, { dispatcher, headers: { host } });
    return (await body.text()).includes('<title>') && statusCode === 200;
  } catch {
    return false;
  }
}
