/**
 * Whether a collection of 10,000 documents is read as fast as one of 100, and what its documents take of memory. Both
 * are measured in turns, so that what else the machine does concerns both; only ratios are judged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/kernel/clock.js';
import type { CollectionId, CollectionShape } from '../../src/model/collection.js';
import type { OpenCollection, State } from '../../src/state/contract.js';
import { openState } from '../../src/state/open.js';
import { median, percentile, printTable, type Row } from './figures.js';

const FEW = 100;
const MANY = 10_000;
const ROUNDS = 40;
const CALLS = 50;
const AT_ONCE = 500;
/** Of the lower bound of the median of the ratios. */
const MOST_RATIO = 1.1;
const MOST_BYTES = 1024;

const ID: CollectionId = { module: { type: 'plugin', name: 'bench' }, name: 'checks' };
const SHAPE: CollectionShape = {
  ...{ name: 'checks', service: false, migration: 0, rules: 'r' },
  indexes: {
    due: { fields: ['state', 'due'], unique: false },
    host: { fields: ['host'], unique: true },
  },
};

interface Side {
  readonly count: number;
  readonly state: State;
  readonly use: <R>(work: (collection: OpenCollection) => Promise<R>) => Promise<R>;
  /** Of the documents' keys and indexes. */
  readonly bytes: number;
}

type Measured = (collection: OpenCollection, n: number) => Promise<unknown>;

const WORK: Readonly<Record<string, Measured>> = {
  'get by key': (collection, n) => collection.get(keyOf(n)),
  'page of 20 by index': (collection) =>
    collection.page({ index: 'due', equals: ['up'], from: 10, limit: 20 }),
  'find by unique value': (collection, n) =>
    collection.page({ index: 'host', equals: [hostOf(n)], limit: 1 }),
  update: (collection, n) => collection.update(keyOf(n), (data) => data),
};

export async function benchCollections(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-collections-'));
  const sides: Side[] = [];
  try {
    for (const count of [FEW, MANY]) sides.push(await filled(join(dir, String(count)), count));
    const [few, many] = sides;
    if (!few || !many) throw new Error('there are no sides');
    const rows: Row[] = [];
    for (const [figure, work] of Object.entries(WORK)) rows.push(await compared(figure, work, few, many));
    const bytes = many.bytes / MANY;
    rows.push({
      figure: 'memory per document',
      value: `${bytes.toFixed(0)} bytes`,
      target: `< ${MOST_BYTES} bytes`,
      met: bytes < MOST_BYTES,
    });
    printTable(`A collection of ${MANY} documents against one of ${FEW} (median ratio, 95 %)`, rows);
    return rows.every(({ met }) => met !== false);
  } finally {
    for (const { state } of sides) await state.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function filled(dir: string, count: number): Promise<Side> {
  const first = await openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
  for (let from = 0; from < count; from += AT_ONCE)
    await first.collections.use(ID, SHAPE, (collection) =>
      collection.insert(Array.from({ length: Math.min(AT_ONCE, count) }, (_, n) => document(from + n))),
    );
  await first.close();
  const state = await openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
  const use: Side['use'] = (work) => state.collections.use(ID, SHAPE, work);
  const before = heapUsed();
  await use((collection) => collection.get(keyOf(0)));
  return { count, state, use, bytes: heapUsed() - before };
}

async function compared(figure: string, work: Measured, few: Side, many: Side): Promise<Row> {
  const ratios: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    // the first of a round is not always the same
    const order = round % 2 === 0 ? [few, many] : [many, few];
    const took = new Map<Side, number>();
    for (const side of order) took.set(side, await timed(work, side, round));
    // the first rounds only warm up
    if (round >= 0) ratios.push((took.get(many) ?? 0) / (took.get(few) ?? 1));
  }
  const [low, high] = boundsOfMedian(ratios);
  return {
    figure,
    value: `${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    target: `from <= ${MOST_RATIO}`,
    met: low <= MOST_RATIO,
  };
}

/** The 95 % interval of the median, by the ranks that a binomial distribution gives. */
function boundsOfMedian(values: readonly number[]): readonly [number, number] {
  const off = (1.96 * Math.sqrt(values.length)) / 2 / values.length;
  return [percentile(values, 0.5 - off), percentile(values, 0.5 + off)];
}

async function timed(work: Measured, { use, count }: Side, round: number): Promise<number> {
  const begun = performance.now();
  for (let n = 0; n < CALLS; n += 1)
    await use((collection) => work(collection, ((round + 2) * 7919 + n * 104_729) % count));
  return performance.now() - begun;
}

const keyOf = (n: number): string => `key-${String(n).padStart(6, '0')}`;
const hostOf = (n: number): string => `host${n}.example.com`;

function document(n: number) {
  return {
    key: keyOf(n),
    data: { host: hostOf(n), state: n % 2 === 0 ? 'up' : 'down', due: n, note: 'x'.repeat(200) },
  };
}

/** After everything that can be freed was freed. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
