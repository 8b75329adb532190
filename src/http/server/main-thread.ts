/**
 * Measures how much time each request uses on the main thread, which all callers share. The clock is read when a
 * request begins, when its handler is called and returns, before its response is written, and when the request ends.
 * The time between two readings is counted only if both readings are in the same turn of the event loop. Waiting is
 * therefore not counted, and no time is counted twice.
 */
import type { FastifyRequest } from 'fastify';
import type { Rest, Slices } from '../../kernel/async/slices.js';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Milliseconds of the main thread that the request has used so far. */
    spentMs: number;
    /** The time that the caller may still use. Null if there is no limit. */
    budget: Budget | null;
    lookedAt: number;
    lookedIn: number;
  }
}

/**
 * The remaining time on the main thread in milliseconds. The value is negative if the caller used more time than was
 * available.
 */
export interface Budget {
  left: number;
}

export class MainThread {
  readonly #monotonic: () => number;
  readonly #slices: Slices;
  /** Counts the turns of the event loop that process requests. */
  #turn = 0;
  #isOpen = false;
  /** All main-thread time before this moment has been counted. */
  #counted = 0;

  constructor(monotonic: () => number, slices: Slices) {
    this.#monotonic = monotonic;
    this.#slices = slices;
  }

  /** Must be called before other hooks are added. */
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

  /** Counts the time since the last reading, if the last reading was in the same turn. */
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

  /**
   * Pauses the request if other requests must run first. The pause is not counted. Returns undefined if the request
   * can continue at once.
   */
  rest(request: FastifyRequest): Promise<void> | undefined {
    const pause = this.#slices.rest();
    if (!pause) return undefined;
    this.look(request);
    return pause.then(() => this.look(request));
  }

  /**
   * Returns a function that calls `rest` for this request. Code that writes a long response calls it between two
   * parts.
   */
  restFor(request: FastifyRequest): Rest {
    return () => this.rest(request);
  }

  #open(): void {
    this.#isOpen = true;
    this.#turn += 1;
    setImmediate(() => (this.#isOpen = false));
  }
}
