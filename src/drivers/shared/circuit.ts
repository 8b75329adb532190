/**
 * A circuit breaker for each remote system. It opens after a few connection failures in a row, or as soon as the
 * system rejects the agent itself. While it is open, calls fail at once. After a pause, one call is admitted as a
 * probe, which shows whether the system is back. No library is used, because libraries for this purpose use the system
 * clock. Here the clock is an argument, and nothing runs in the background.
 */
import { cleaned, detailOf } from '../../kernel/text.js';
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError, type Failure, type Role } from '../../kernel/errors.js';

export const CIRCUIT_STATES = ['closed', 'half_open', 'open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

export interface CircuitView {
  /** `container-host`, `container-host:pve2`, `exec:pve1`, `dns`, `proxy`, `issuer` */
  readonly name: string;
  readonly role: Role;
  readonly state: CircuitState;
  /** When the circuit entered this state (RFC 3339). */
  readonly since: string;
  /** The number of failures in a row. It is 0 after a success. */
  readonly failures: number;
  /**
   * The system's own message, cleaned and shortened, if the system responds but rejects every request of the agent.
   * Null if the circuit is open for another reason.
   */
  readonly refusal: string | null;
}

/**
 * A call that the circuit admitted. The caller must report its outcome by calling exactly one of the four functions.
 * If it calls a second one, this has no effect.
 */
export interface Pass {
  /** The system responded. This includes the case that it rejected this one request. */
  answered(): void;
  /** The system rejects the agent itself, so no other request would succeed. `said` is the system's own message. */
  refused(said: string): void;
  /** The connection was refused or broke, there was no response in time, or a gateway cannot reach the system. */
  silent(): void;
  /** The caller stopped before the call ended, so its outcome shows nothing about the system. */
  left(): void;
}

export interface Circuit {
  view(): CircuitView;
  /**
   * Returns undefined if the call must not be made: the circuit is open, or it is half open and another call is the
   * probe.
   */
  enter(): Pass | undefined;
  /** Returns whether a call would be admitted now. Does not use up the probe. */
  admits(): 'all' | 'probe' | 'none';
  /**
   * The time (epoch ms, by the current clock) from which a probe is admitted. It is 0 while the circuit is closed.
   */
  retryAt(): number;
}

export interface CircuitLimits {
  /** The number of failures in a row that open the circuit. */
  readonly failures: number;
  /** The pause before the first probe. It doubles with each failed probe, up to `LONGEST_PAUSE`. */
  readonly pauseMs: number;
}

export interface Circuits {
  /** Returns the circuit of this name, and creates it at the first call. */
  of(name: string, role: Role): Circuit;
  find(name: string): Circuit | undefined;
  list(): CircuitView[];
  /**
   * Adds a listener that is called after each change of state and each probe. It is not called when a circuit becomes
   * `half_open`, because no code runs at that moment: the state results from the current time. Returns a function that
   * removes the listener.
   */
  onChange(listener: (view: CircuitView) => void): () => void;
}

const LONGEST_PAUSE_MS = 60_000;

export function newCircuits(clock: Clock, limits: CircuitLimits): Circuits {
  const known = new Map<string, Circuit>();
  const listeners = new Set<(view: CircuitView) => void>();
  const tell = (view: CircuitView): void => {
    for (const listener of listeners) listener(view);
  };
  return {
    of(name, role) {
      const circuit = known.get(name) ?? newCircuit({ name, role, clock, limits, tell });
      known.set(name, circuit);
      return circuit;
    },
    find: (name) => known.get(name),
    list: () => [...known.values()].map((circuit) => circuit.view()),
    onChange(listener) {
      const own = (view: CircuitView): void => listener(view);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

interface Making {
  readonly name: string;
  readonly role: Role;
  readonly clock: Clock;
  readonly limits: CircuitLimits;
  readonly tell: (view: CircuitView) => void;
}

function newCircuit({ name, role, clock, limits, tell }: Making): Circuit {
  let failures = 0;
  let open = false;
  let since = clock.now();
  let pauseMs = limits.pauseMs;
  /**
   * The time of the next probe by the monotonic clock. With the wall clock, a short jump of that clock could keep the
   * circuit open for a day.
   */
  let retryAt = 0;
  let probe: Pass | undefined;
  let refusal: string | null = null;

  const isHalfOpen = (): boolean => open && clock.monotonic() >= retryAt;
  const epochOf = (monotonic: number): number => clock.now() + monotonic - clock.monotonic();
  const view = (): CircuitView => {
    const halfOpen = isHalfOpen();
    const state = halfOpen ? 'half_open' : open ? 'open' : 'closed';
    return { name, role, state, since: iso(halfOpen ? epochOf(retryAt) : since), failures, refusal };
  };
  const turn = (toOpen: boolean): void => {
    open = toOpen;
    since = clock.now();
    tell(view());
  };
  const answered = (): void => {
    failures = 0;
    retryAt = 0;
    pauseMs = limits.pauseMs;
    refusal = null;
    if (open) turn(false);
  };
  /** `said` is null if the system sent no message. */
  const failed = (wasProbe: boolean, said: string | null): void => {
    failures += 1;
    if (open) {
      // ignore calls that were admitted before the circuit opened, because they add no information
      if (!wasProbe) return;
      refusal = said;
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      retryAt = clock.monotonic() + pauseMs;
      since = clock.now();
      tell(view());
    } else if (said !== null || failures >= limits.failures) {
      refusal = said;
      retryAt = clock.monotonic() + pauseMs;
      turn(true);
    }
  };

  const left = (): void => {
    if (open) tell(view());
  };

  return {
    view,
    enter() {
      if (open && (probe || !isHalfOpen())) return undefined;
      const isProbe = open;
      let settled = false;
      const once = (work: () => void) => (): void => {
        if (settled) return;
        settled = true;
        if (isProbe) probe = undefined;
        work();
      };
      const pass: Pass = {
        answered: once(answered),
        refused: (said) => once(() => failed(isProbe, cleaned(said)))(),
        silent: once(() => failed(isProbe, null)),
        left: once(left),
      };
      if (isProbe) probe = pass;
      return pass;
    },
    admits: () => (!open ? 'all' : probe || !isHalfOpen() ? 'none' : 'probe'),
    retryAt: () => (open ? epochOf(retryAt) : 0),
  };
}

/**
 * Makes one call through the circuit. If the call succeeds, the circuit records a response of the system. If it fails,
 * `verdict` decides what the failure means for the circuit. If the circuit does not admit the call, throws `refusal()`
 * at once.
 */
export async function through<T>(
  circuit: Circuit | undefined,
  work: () => Promise<T>,
  verdict: (error: unknown) => keyof Pass,
  refusal: (closed: OpenCircuit) => Error,
): Promise<T> {
  if (!circuit) return work();
  const pass = circuit.enter();
  if (!pass) throw refusal(openCircuit(circuit));
  try {
    const value = await work();
    pass.answered();
    return value;
  } catch (error) {
    // if this process has no free file descriptor, this shows nothing about the remote system
    pass[isOutOfDescriptors(error) ? 'left' : verdict(error)](wordsOf(error));
    throw error;
  }
}

/** Returns what an AgentError of a driver usually means for the circuit. */
export function verdictOf(error: unknown): keyof Pass {
  if (!(error instanceof AgentError) || error.code === 'aborted') return 'left';
  if (error.failure === 'refused_us') return 'refused';
  if (error.failure === 'unreachable') return 'silent';
  // if the outcome is unknown, the system may or may not have responded
  return error.failure === 'unknown' ? 'left' : 'answered';
}

/** Returns the message of the remote system if the error contains it. */
export function wordsOf(error: unknown): string {
  if (error instanceof AgentError) return error.detail ?? error.message;
  return detailOf(error instanceof Error ? error.message : String(error));
}

/** The error that is thrown if a call is not made because the circuit is open. */
export interface OpenCircuit {
  readonly failure: Extract<Failure, 'refused_us' | 'unreachable'>;
  /** The details for operators. */
  readonly detail: string;
}

export function openCircuit(circuit: Circuit): OpenCircuit {
  const { name, since, failures, refusal } = circuit.view();
  const detail =
    refusal === null
      ? `${name} has not answered ${failures} times in a row (since ${since})`
      : `${name} refuses the agent (since ${since}): ${refusal}`;
  return {
    failure: refusal === null ? 'unreachable' : 'refused_us',
    detail: `${detail}; the agent does not call it again before the next probe`,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
