/**
 * The grid: every operation with a death at each of its points. The cells alternate between operations, so that one
 * creates what the next needs.
 */
import type { Death, Point } from './boundaries.js';
import { pointsOf, type Result, tryOperation } from './cell.js';
import { isKept, type Operation, order, type Subject } from './operation.js';
import { OPERATIONS } from './operations.js';
import { doneWell } from './panel.js';
import { serviceIn, takePicture } from './picture.js';
import { type World, WORLDS } from '../fakes/world-kinds.js';
import { openRig, type Rig } from './harness.js';
import { type Chance, seeded } from './seeded.js';

export interface GridOptions {
  readonly seed: number;
  /** Takes every n-th operation of the list; default: all. */
  readonly every?: number;
  /** Number of cells per operation, chosen by the seed; undefined: all. */
  readonly sample?: number | undefined;
  /** Which part of the cells to try, of how many; undefined: all. */
  readonly part?: { readonly index: number; readonly of: number } | undefined;
  /** Only deaths at points whose name matches. */
  readonly at?: RegExp | undefined;
  /** Only the operation with this name. */
  readonly operation?: string | undefined;
  /** Begins no further cell after this many minutes; undefined: tries all. */
  readonly minutes?: number | undefined;
  /** In one of this many cells the daemon dies again during the recovery; 0: in none. */
  readonly doubleEvery: number;
  readonly say: (line: string) => void;
}

export interface Cell {
  readonly operation: Operation;
  /** The point of the first death. */
  readonly point: Point;
  readonly deaths: readonly Death[];
  readonly name: string;
}

export interface Tried {
  readonly cell: Cell;
  readonly result: Result;
}

/** Factor on the environment's delays: enough for a task to be running when the daemon dies. */
const DELAYS = 0.02;
/** Services beyond this number are deleted again. */
const STOCK = 4;
/** A job that ends later than this after the restart of the daemon has waited for something. */
const SLOW_MS = 30_000;
const SECOND_DEATH_WITHIN = 40;

export async function runGrid(options: GridOptions): Promise<Tried[]> {
  const { every = 1 } = options;
  const wanted = OPERATIONS.filter(
    ({ name }, n) => n % every === 0 && (options.operation === undefined || name === options.operation),
  );
  const tried: Tried[] = [];
  const until = Date.now() + (options.minutes ?? Infinity) * 60_000;
  for (const world of WORLDS) {
    const operations = wanted.filter((operation) => (operation.world ?? 'template') === world);
    if (operations.length > 0) tried.push(...(await onWorld(world, operations, options, until)));
  }
  return tried;
}

async function onWorld(
  world: World,
  operations: readonly Operation[],
  options: GridOptions,
  until: number,
): Promise<Tried[]> {
  const chance = seeded(options.seed);
  let ground = await openGround(world, options);
  const tried: Tried[] = [];
  try {
    const columns: Cell[][] = [];
    for (const operation of operations) {
      const points = await pointsOf(ground.rig, operation, await ground.subject(operation));
      options.say(`${operation.name}: ${points.length} points`);
      columns.push(cellsOf(operation, points, options, chance));
    }
    const cells = inTurn(columns);
    for (const [n, cell] of cells.entries()) {
      if (Date.now() > until) {
        options.say(`${world}: time is up, ${cells.length - n} of ${cells.length} cells were not tried`);
        break;
      }
      const result = await outcomeOf(ground, cell);
      tried.push({ cell, result });
      if (result.recoveryMs > SLOW_MS)
        options.say(`${cell.name}: the job ended ${result.recoveryMs} ms after the last start`);
      if (result.problems.length === 0) continue;
      options.say(`${cell.name}: ${result.ended}\n  ${result.problems.join('\n  ')}`);
      // the next cells would find the leftovers, too
      await ground.leave();
      ground = await openGround(world, options);
    }
  } finally {
    await ground.close();
  }
  return tried;
}

async function outcomeOf(ground: Ground, { operation, deaths }: Cell): Promise<Result> {
  try {
    return await tryOperation(ground.rig, operation, { subject: await ground.subject(operation), deaths });
  } catch (error) {
    const problem = `the harness failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return { operation: operation.name, ended: 'hung', deaths: 0, problems: [problem], recoveryMs: 0 };
  }
}

/** An environment, a daemon, and some services to try operations on. */
interface Ground {
  readonly rig: Rig;
  subject(operation: Operation): Promise<Subject>;
  /** Closes it, but keeps its files. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

let tries = 0;

async function openGround(world: World, { say }: GridOptions): Promise<Ground> {
  const rig = await openRig({ world, delays: DELAYS });
  try {
    await rig.start();
  } catch (error) {
    await rig.close();
    throw error;
  }
  return {
    rig,
    async subject({ fresh }) {
      tries += 1;
      const subject = { id: `s${tries}`, n: tries };
      const standing = (await takePicture(rig)).services.filter(
        (service) => ['active', 'suspended'].includes(service.lifecycle) || isKept(service),
      );
      for (const { id } of standing.slice(STOCK))
        await doneWell(rig, { path: '/delete-site', body: { service_id: id } });
      if (fresh) return subject;
      const known = standing[0];
      if (known) return { ...subject, id: known.id };
      await doneWell(rig, order(subject));
      return { ...subject, before: serviceIn(await takePicture(rig), subject.id) };
    },
    async leave() {
      say(`  what is known of it: ${await rig.leave()}`);
    },
    close: () => rig.close(),
  };
}

function cellsOf(
  operation: Operation,
  points: readonly Point[],
  { sample, part = { index: 0, of: 1 }, at = /^/, doubleEvery }: GridOptions,
  chance: Chance,
): Cell[] {
  // concurrent steps come in a different order each time
  const sorted = [...points].sort((a, b) => a.at.localeCompare(b.at) || a.time - b.time);
  const cells = sorted.map((point, n): Cell => {
    const twice = doubleEvery > 0 && n % doubleEvery === doubleEvery - 1;
    const second: Death[] = twice ? [{ any: 1 + chance.below(SECOND_DEATH_WITHIN) }] : [];
    return {
      operation,
      point,
      deaths: [point, ...second],
      name: `${operation.name}, ${point.at} #${point.time}${twice ? `, again at ${JSON.stringify(second[0])}` : ''}`,
    };
  });
  const { only = /^/ } = operation;
  const wanted = cells.filter(
    ({ point }, n) => n % part.of === part.index && at.test(point.at) && only.test(point.at),
  );
  if (sample === undefined) return wanted;
  return Array.from({ length: Math.min(sample, wanted.length) }, () => chance.pick(wanted));
}

/** Takes one item of each column in turn. */
function inTurn<T>(columns: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...columns.map(({ length }) => length));
  return Array.from({ length: longest }, (_, n) =>
    columns.flatMap((column) => column.slice(n, n + 1)),
  ).flat();
}
