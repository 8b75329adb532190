/**
 * Orders wait for something that the operator must provide: a template, or something that is missing on the container
 * host. All orders with the same cause share one alert.
 */
import type { AlertSpec, Commands } from '../../model/alert.js';
import { cleaned } from '../../kernel/text.js';
import { innkeeper } from '../../kernel/command-line.js';
import type { Lack } from '../../model/waiting-order.js';
import { type ConditionSources, type MakeCondition, OF_AGENT } from '../condition.js';

/**
 * Maximum number of documents that one check reads. Orders that wait for the same cause usually have the same message.
 */
const MOST_READ = 20;
/** Maximum number of different messages that one alert quotes. */
const MOST_SAID = 3;
const MOST_CHARACTERS = 400;

/** The orders that wait for the same cause, and their messages. */
export interface Waiting {
  orders: number;
  readonly said: Set<string>;
  readonly products: Set<string>;
}

export const orderWaiting: MakeCondition = (sources) => async () => {
  const waiting = await waitingFor(sources, (lack) => lack !== 'capacity_exhausted');
  return [...waiting].map(([lack, one]) => specOf(lack, one));
};

export async function waitingFor(
  { state }: Pick<ConditionSources, 'state'>,
  isMeant: (lack: Lack) => boolean,
): Promise<ReadonlyMap<Lack, Waiting>> {
  const waiting = new Map<Lack, Waiting>();
  let read = 0;
  for (const { key, openJobs } of state.services.entries())
    for (const { id, lacks } of openJobs) {
      if (lacks === null || !isMeant(lacks)) continue;
      const one = waiting.get(lacks) ?? { orders: 0, said: new Set(), products: new Set() };
      waiting.set(lacks, one);
      one.orders += 1;
      if (read >= MOST_READ) continue;
      read += 1;
      const service = await state.services.find(key).catch(() => undefined);
      const error = service?.jobs.find((job) => job.id === id)?.error;
      if (!service || !error) continue;
      one.products.add(service.module.name);
      if (one.said.size < MOST_SAID) one.said.add(cleaned(error.detail ?? error.message));
    }
  return waiting;
}

/** The messages of the waiting orders, without their final punctuation. */
export function wordsOf({ said }: Pick<Waiting, 'said'>): string {
  return cleaned([...said].join('; '), MOST_CHARACTERS).replace(/[.!?]+$/, '');
}

export function countOf({ orders }: Pick<Waiting, 'orders'>): string {
  return `${orders} ${orders === 1 ? 'order waits' : 'orders wait'}`;
}

function specOf(lack: Lack, { orders, said, products }: Waiting): AlertSpec {
  const words = wordsOf({ said });
  const count = countOf({ orders });
  const what = lack === 'template_missing' ? 'a template' : 'something that the container host does not have';
  return {
    kind: 'order_waiting',
    subject: lack,
    ...OF_AGENT,
    text:
      `${count} for ${what}: ${words || 'the container host gave no details'}. ` +
      'The orders continue automatically once it is available, and fail after create.patience_s.',
    commands: commandsFor(lack, [...products].sort()),
    data: { lack, orders, said: words },
  };
}

function commandsFor(lack: Lack, products: readonly string[]): Commands {
  if (lack === 'host_incomplete') return ['innkeeper doctor'];
  return ['innkeeper doctor', ...products.map((name) => innkeeper(['template', 'build', name]))];
}
