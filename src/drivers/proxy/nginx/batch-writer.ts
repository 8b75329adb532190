/**
 * Writes nginx's configuration, alone: changes that come in while a batch is under way are applied together in
 * the next one.
 */
import type { Clock } from '../../../kernel/clock.js';
import { AgentError, asAgentError } from '../../../kernel/errors.js';
import { within } from '../../../kernel/async/within.js';
import { type Circuit, type Pass, through, verdictOf } from '../../shared/circuit.js';
import type { Change } from './changes.js';
import { refusesUs, unreachable } from './commands.js';
import type { Publishing } from './backend.js';

/** `settle` is called exactly once. */
export type QueuedChange = Change & { settle(error?: AgentError): void };

/** How long a first wish waits for others. */
const COLLECT_MS = 5;
/** Every reload leaves old workers behind until their last connection ends, so reloads keep a distance. */
const BETWEEN_BATCHES_MS = 300;
const STOP_MS = 5_000;

export class BatchWriter {
  readonly #publisher: Publishing;
  readonly #clock: Clock;
  /** Counts batches, not wishes. */
  readonly #circuit: Circuit | undefined;
  #queue: QueuedChange[] = [];
  #work: Promise<void> | undefined;
  #lastBatch = Number.NEGATIVE_INFINITY;
  readonly #stopping = new AbortController();

  constructor(publisher: Publishing, clock: Clock, circuit?: Circuit) {
    this.#publisher = publisher;
    this.#clock = clock;
    this.#circuit = circuit;
  }

  add(change: QueuedChange): void {
    this.#queue.push(change);
    this.#work ??= this.#run();
  }

  /** Takes back a wish that no batch has taken up yet; false when it is too late. Its `settle` is then not called. */
  withdraw(asked: QueuedChange): boolean {
    const waiting = this.#queue.includes(asked);
    if (waiting) this.#queue = this.#queue.filter((other) => other !== asked);
    return waiting;
  }

  /**
   * Takes back all that wait, gives the batch under way `STOP_MS` to end well, and resolves when it has ended:
   * nothing is written any more.
   */
  async stop(): Promise<readonly QueuedChange[]> {
    const waiting = this.#queue;
    this.#queue = [];
    if (this.#work) await within(this.#work, STOP_MS);
    this.#stopping.abort(new AgentError('aborted', 'The agent is stopping.'));
    await this.#work;
    return waiting;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const rest = this.#lastBatch + BETWEEN_BATCHES_MS - this.#clock.monotonic();
      await this.#clock.sleep(Math.min(BETWEEN_BATCHES_MS, Math.max(COLLECT_MS, rest)));
      const batch = this.#queue;
      this.#queue = [];
      this.#lastBatch = this.#clock.monotonic();
      if (batch.length > 0) await this.#carryOut(batch);
    }
    this.#work = undefined; // in the same turn as the last look at the queue
  }

  async #carryOut(batch: readonly QueuedChange[]): Promise<void> {
    const open = new Set(batch);
    const settle = (asked: QueuedChange, error?: AgentError): void => {
      if (open.delete(asked)) asked.settle(error);
    };
    try {
      await through(
        this.#circuit,
        () => this.#publisher.publish(batch, settle, this.#stopping.signal),
        verdictOfBatch,
        ({ failure, detail }) => (failure === 'refused_us' ? refusesUs(detail) : unreachable(detail)),
      );
      for (const asked of batch) settle(asked);
    } catch (thrown) {
      const error = asAgentError(thrown, 'proxy_unreachable');
      for (const asked of batch) settle(asked, error);
    }
  }
}

/** What is no error of ours is the disk's or the folder's: the proxy cannot be changed. */
function verdictOfBatch(error: unknown): keyof Pass {
  return error instanceof AgentError ? verdictOf(error) : 'silent';
}
