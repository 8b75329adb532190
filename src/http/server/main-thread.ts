/**
 * Measures how much of the main thread's time each call takes, which is what all callers share. A call is looked at
 * where it begins, where its handler is entered and left, before its answer is written and at its end. What lies
 * between two looks counts when both are in one turn of the event loop; what a call waits for does not. No moment is
 * counted twice.
 */
import type { FastifyRequest } from 'fastify';
import type { Rest, Slices } from '../../kernel/async/slices.js';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds of the main thread that the call has taken so far. */
    spentMs: number;
    /** What the caller may still take; null: nobody counts. */
    budget: Budget | null;
    lookedAt: number;
    lookedIn: number;
  }
}

/** Milliseconds of the main thread. Less than nothing once more was taken than there was. */
export interface Budget {
  left: number;
}

export class MainThread {
  readonly #monotonic: () => number;
  readonly #slices: Slices;
  /** Counts turns of the event loop in which there are calls. */
  #turn = 0;
  #isOpen = false;
  /** All before it is counted. */
  #counted = 0;

  constructor(monotonic: () => number, slices: Slices) {
    this.#monotonic = monotonic;
    this.#slices = slices;
  }

  /** To be called before other hooks are added. */
  watch(app: App): void {
    app.decorateRequest('spentMs', 0);
    app.decorateRequest('budget', null);
    app.decorateRequest('lookedAt', 0);
    app.decorateRequest('lookedIn', -1);
    app.addHook('onRequest', (request, _reply, done) => {
      this.look(request);
      done();
    });
    app.addHook('preSerialization', (request, _reply, payload, done) => {
      this.look(request);
      done(null, payload);
    });
    app.addHook('onRoute', (route) => {
      const { handler } = route;
      const { look } = this;
      route.handler = function watched(request, reply) {
        look(request);
        const answer: unknown = handler.call(this, request, reply);
        look(request);
        return answer;
      };
    });
  }

  /** Counts what has passed since the last look, if that was in this turn. */
  readonly look = (request: FastifyRequest): void => {
    const now = this.#monotonic();
    if (!this.#isOpen) this.#open();
    if (request.lookedIn === this.#turn) {
      const ms = now - Math.max(request.lookedAt, this.#counted);
      request.spentMs += ms;
      if (request.budget) request.budget.left -= ms;
      this.#counted = now;
    }
    request.lookedAt = now;
    request.lookedIn = this.#turn;
  };

  /** A pause for others when it is their turn, which is not counted; undefined: the call may go on. */
  rest(request: FastifyRequest): Promise<void> | undefined {
    const pause = this.#slices.rest();
    if (!pause) return undefined;
    this.look(request);
    return pause.then(() => this.look(request));
  }

  /** The same for the work on a long answer. */
  restFor(request: FastifyRequest): Rest {
    return () => this.rest(request);
  }

  #open(): void {
    this.#isOpen = true;
    this.#turn += 1;
    setImmediate(() => (this.#isOpen = false));
  }
}
