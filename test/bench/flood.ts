/**
 * Sends many orders at once, some of them twice, like a panel that lost the response, while status requests continue.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FloodOptions {
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (path: string, body: object) => Promise<Answer>;
  /** The containers that the sandbox really has. */
  readonly containers: () => Promise<readonly Answer['body'][]>;
  readonly orders: number;
  /** One in this many orders is sent twice at the same time. */
  readonly twiceEvery: number;
  /** Milliseconds within which all jobs must end. */
  readonly patienceMs: number;
  /** Called from time to time while jobs run, with the number of finished sites. */
  readonly onLook?: (made: number) => Promise<void>;
}

export interface FloodReport {
  /** Statuses of responses to orders other than 202 and 200. */
  readonly refused: readonly number[];
  /** `id: reason` of services that did not become ready. */
  readonly unfinished: readonly string[];
  /** Surplus containers, and services with two containers. */
  readonly doubles: readonly string[];
  readonly containers: number;
  readonly acceptMs: readonly number[];
  readonly statusMs: readonly number[];
  readonly healthMs: readonly number[];
  /** Number of status and health responses other than 200. */
  readonly unanswered: number;
  readonly tookMs: number;
}

const Services = Type.Object({
  services: Type.Array(Type.Object({ service_id: Type.String(), lifecycle: Type.String() })),
  next_cursor: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

const PROBE_PAUSE_MS = 20;
const LOOK_PAUSE_MS = 500;

export async function flood(options: FloodOptions): Promise<FloodReport> {
  const { post, orders, twiceEvery } = options;
  const from = performance.now();
  const acceptMs: number[] = [];
  const refused: number[] = [];
  const order = async (n: number): Promise<void> => {
    const began = performance.now();
    const { status } = await post('/create-site', {
      service_id: `f${n}`,
      email: `f${n}@example.com`,
      plan: 'basic',
      public_ip: '203.0.113.10',
    });
    acceptMs.push(performance.now() - began);
    if (status !== 202 && status !== 200) refused.push(status);
  };
  const over = new AbortController();
  const { get } = options;
  const status = probe(over.signal, (n) => get(`/status?service_id=f${n % orders}`), [200, 404]);
  const health = probe(over.signal, () => get('/health'), [200]);
  const all = Array.from({ length: orders }, (_, n) => n);
  let unfinished: string[];
  try {
    await Promise.all(all.flatMap((n) => (n % twiceEvery === 0 ? [order(n), order(n)] : [order(n)])));
    unfinished = await untilEnded(options, from);
  } finally {
    over.abort();
  }
  const tookMs = performance.now() - from;
  const [asked, alive] = await Promise.all([status, health]);
  return {
    refused,
    unfinished,
    ...(await containersOf(options)),
    acceptMs,
    statusMs: asked.ms,
    healthMs: alive.ms,
    unanswered: asked.bad + alive.bad,
    tookMs,
  };
}

async function probe(
  over: AbortSignal,
  ask: (n: number) => Promise<Answer>,
  good: readonly number[],
): Promise<{ ms: number[]; bad: number }> {
  const ms: number[] = [];
  let bad = 0;
  for (let n = 0; !over.aborted; n += 7) {
    const from = performance.now();
    const answer = await ask(n).catch(() => undefined);
    ms.push(performance.now() - from);
    if (!good.includes(answer?.status ?? 0)) bad += 1;
    await delay(PROBE_PAUSE_MS);
  }
  return { ms, bad };
}

async function untilEnded(
  { get, orders, patienceMs, onLook }: FloodOptions,
  from: number,
): Promise<string[]> {
  for (;;) {
    const found = new Map<string, string>();
    let cursor: string | null | undefined;
    do {
      const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { body: page } = await get(`/services?limit=1000${more}`);
      if (!Value.Check(Services, page)) throw new Error(`not a list: ${JSON.stringify(page).slice(0, 300)}`);
      for (const { service_id: id, lifecycle } of page.services) found.set(id, lifecycle);
      cursor = page.next_cursor;
    } while (cursor);
    const open = [...found].filter(([, lifecycle]) => lifecycle !== 'active');
    await onLook?.(found.size - open.length);
    const ended = open.every(([, lifecycle]) => lifecycle !== 'creating');
    if ((ended && found.size === orders) || performance.now() - from > patienceMs) {
      const missing = found.size < orders ? [`${orders - found.size} were not recorded`] : [];
      return [...open.map(([id, lifecycle]) => `${id}: ${lifecycle}`), ...missing];
    }
    await delay(LOOK_PAUSE_MS);
  }
}

async function containersOf({
  containers,
}: FloodOptions): Promise<Pick<FloodReport, 'containers' | 'doubles'>> {
  const names = (await containers())
    .map(({ config }) => Value.Parse(Type.Record(Type.String(), Type.Unknown()), config))
    .filter((config) => config['template'] !== '1')
    .map((config) => String(config['hostname']));
  return { containers: names.length, doubles: names.filter((name, at) => names.indexOf(name) !== at) };
}
