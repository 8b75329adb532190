/**
 * Disturbances in addition to the deaths: one in each life of the daemon, chosen by the seed, until the daemon dies
 * or the disturbance is fixed.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fields } from '../http/harness.js';
import type { Fault } from '../../src/sandbox/environment.js';
import type { Rig } from './harness.js';
import type { Chance } from './seeded.js';

export const DISTURBANCES = [
  'refused token',
  'lock left behind',
  'OK without effect',
  '596 while starting',
  'flapping list',
  'clock jump',
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** How often each was started, and how often it really fired. */
export type Fired = Readonly<Record<Disturbance, { begun: number; fired: number }>>;

export interface Disturbances {
  /** Ends the present one and starts the next; the daemon must be running. */
  next(): Promise<void>;
  /** Ends all disturbances until `next`. */
  calm(): Promise<void>;
  fired(): Promise<Fired>;
}

/**
 * A disturbance that has fired is fixed after this time: jobs that wait for it must not delay the daemon's next
 * death.
 */
const RIGHT_AFTER_MS = 4_000;
/** A disturbance that has not fired continues for this many lives, or for this many times as long. */
const MORE = 4;
const DAY_MS = 86_400_000;
/** Longer than the environment's proxy waits for a node (world.ts). */
const MOUNT_CHECK_MS = 2_500;

interface Begun {
  readonly name: Disturbance;
  /** How often it has fired so far. */
  readonly count: () => Promise<number>;
  /** How often it was kept because it had not fired. */
  kept: number;
}

/** The lock that a killed task of each kind leaves. */
const LOCKS: readonly (readonly [method: string, path: string, lock: string])[] = [
  ['POST', '/snapshot/[^/]+/rollback$', 'rollback'],
  ['POST', '/lxc/\\d+/snapshot$', 'snapshot'],
  ['DELETE', '/snapshot/[^/]+$', 'snapshot-delete'],
  ['POST', '/lxc/\\d+/(clone|status/\\w+)$', 'disk'],
  ['PUT', '/lxc/\\d+/(config|resize)$', 'disk'],
  ['DELETE', '/lxc/\\d+$', 'disk'],
];

export function disturbances(rig: Rig, chance: Chance): Disturbances {
  const fired = Object.fromEntries(DISTURBANCES.map((name) => [name, { begun: 0, fired: 0 }])) as Fired;
  let bag: Disturbance[] = [];
  let now: Begun | undefined;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => (turn = turn.then(work));

  const over = async (): Promise<void> => {
    clearTimeout(timer);
    if (!now) return;
    const { name, count } = now;
    if (name !== 'clock jump') fired[name].fired += await count();
    now = undefined;
    await rig.setClock(0);
    await rig.control('DELETE', '/faults');
    if (name === 'lock left behind') await unlock(rig);
  };
  /** False if it is kept until it fires. */
  const isOver = async (): Promise<boolean> => {
    if (!now || now.name === 'clock jump' || now.kept >= MORE || (await now.count()) > 0) return true;
    now.kept += 1;
    return false;
  };
  const overLater = (): void => {
    timer = setTimeout(
      () => void inTurn(async () => ((await isOver()) ? over() : overLater())),
      RIGHT_AFTER_MS,
    );
  };
  /** Each comes once in as many lives as there are disturbances. */
  const pick = (): Disturbance => {
    if (bag.length === 0) bag = [...DISTURBANCES];
    const [picked = 'refused token'] = bag.splice(chance.below(bag.length), 1);
    return picked;
  };
  const begin = async (): Promise<void> => {
    const name = pick();
    fired[name].begun += 1;
    const faults = faultsOf(name, chance);
    for (const fault of faults) await rig.fault(fault);
    if (name === 'clock jump') await rig.setClock(chance.below(2) === 0 ? 400 * DAY_MS : -DAY_MS);
    now = { name, count: () => struck(rig), kept: 0 };
    overLater();
  };
  return {
    next: () =>
      inTurn(async () => {
        if (!(await isOver())) return;
        await over();
        await begin();
      }),
    calm: () => inTurn(over),
    async fired() {
      const log = await readFile(join(rig.stateDir, 'agent.log'), 'utf8');
      // counts the jumps that the daemon's clock guard has logged
      fired['clock jump'].fired = log.split('"alarm":"clock_jump","kind"').length - 1;
      return fired;
    },
  };
}

function faultsOf(name: Disturbance, chance: Chance): readonly Fault[] {
  switch (name) {
    case 'refused token':
      return [{ target: 'pve', kind: { denied: true }, times: 1 + chance.below(12) }];
    case 'lock left behind':
      return LOCKS.map(([method, path, leftLock]) => ({
        ...{ target: 'pve', method, path, kind: { leftLock } },
        times: 1,
      }));
    case 'OK without effect':
      return [{ target: 'pve', method: 'PUT', path: '/resize$', kind: { noEffect: true }, times: 2 }];
    case '596 while starting':
      return [
        {
          ...{ target: 'pve', method: 'POST', path: '/status/start$' },
          ...{ kind: { mountCheckMs: MOUNT_CHECK_MS }, times: 2 },
        },
      ];
    case 'flapping list':
      return [
        {
          ...{ target: 'pve', method: 'GET', path: '^/cluster/resources$' },
          ...{ kind: { outdated: true }, times: 1 + chance.below(20) },
        },
      ];
    case 'clock jump':
      return [];
  }
}

const listOf = (value: unknown): ReturnType<typeof fields>[] =>
  Array.isArray(value) ? value.map(fields) : [];

async function struck(rig: Rig): Promise<number> {
  const all = listOf(fields(await rig.control('GET', '/faults'))['faults']);
  return all.reduce((sum, one) => sum + Number(one['struck']), 0);
}

/**
 * Removes locks that no task holds, as an operator would. A container with a running task is checked again, since the
 * task may be the next try of its job.
 */
async function unlock(rig: Rig): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS && (await unlockIdle(rig)) > 0; looks += 1)
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
}

const MOST_LOOKS = 60;
const BETWEEN_LOOKS_MS = 500;

/**
 * Returns the number of locked containers with a task. Containers are read before tasks, so that a task that begins
 * in between is seen.
 */
async function unlockIdle(rig: Rig): Promise<number> {
  const locks = LOCKS.map(([, , lock]) => lock);
  const containers = listOf(fields(await rig.control('GET', '/containers'))['containers']);
  const tasks = listOf(fields(await rig.control('GET', '/tasks'))['tasks']);
  const busy = new Set(tasks.filter(({ status }) => status === 'running').map(({ id }) => id));
  const locked = containers.filter(({ config }) => locks.includes(String(fields(config)['lock'])));
  const idle = locked.filter(({ vmid }) => !busy.has(String(vmid)));
  for (const { vmid } of idle) await rig.control('DELETE', `/locks/${String(vmid)}`);
  return locked.length - idle.length;
}
