/**
 * Makes all changes to nginx's configuration, so that there is only one writer. Changes that arrive while a batch is
 * in progress are applied together in the next batch.
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

/** How long the first change of a batch waits for further changes. */
const COLLECT_MS = 5;
/**
 * The minimum time between reloads. After every reload, old workers continue to run until their last connection ends,
 * so frequent reloads would leave many old workers.
 */
const BETWEEN_BATCHES_MS = 300;
const STOP_MS = 5_000;

export class BatchWriter {
  readonly #publisher: Publishing;
  readonly #clock: Clock;
  /** Counts batches, not changes. */
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

  /**
   * Withdraws a change if no batch contains it yet. Its `settle` is then not called. Returns false if it is too late.
   */
  withdraw(asked: QueuedChange): boolean {
    const waiting = this.#queue.includes(asked);
    if (waiting) this.#queue = this.#queue.filter((other) => other !== asked);
    return waiting;
  }

  /**
   * Withdraws all waiting changes, and waits up to `STOP_MS` for the running batch to succeed. Resolves when the batch
   * has ended. After that, nothing is written.
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
    this.#work = undefined; // in the same turn as the last check of the queue, so that no change is missed
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

/**
 * Converts errors that are not AgentErrors. Such errors come from the file system, and mean that the proxy cannot be
 * changed.
 */
function verdictOfBatch(error: unknown): keyof Pass {
  return error instanceof AgentError ? verdictOf(error) : 'silent';
}
