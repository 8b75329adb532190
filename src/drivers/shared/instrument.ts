/**
 * Instruments every driver: reports the duration and the outcome of each call, and logs the call with the request and
 * the job to which it belongs.
 */
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import { AgentError, asAgentError, outOfDescriptors } from '../../kernel/errors.js';
import type { DriverCall } from './call.js';
import type { DriverLog } from './log.js';

export interface CallEnd {
  /** The kind of driver. */
  readonly driver: string;
  readonly call: string;
  readonly ms: number;
  /** `ok`, or the code of the error. */
  readonly result: string;
}

export interface CallListener {
  readonly heard: (end: CallEnd) => void;
  readonly log: DriverLog;
}

/** Methods that do not call a remote system. */
const SILENT: ReadonlySet<string> = new Set(['close', 'place', 'spread']);

/** Returns an object that behaves like the driver. Only methods that return a promise are reported. */
export function instrument<T extends object>(driver: string, inner: T, ear: CallListener): T {
  const wrapped = new Map<string | symbol, unknown>();
  return new Proxy(inner, {
    get(target, name) {
      const known = wrapped.get(name);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => {
        const began = performance.now();
        const result: unknown = Reflect.apply(value, target, args);
        if (typeof name !== 'string' || SILENT.has(name) || !(result instanceof Promise)) return result;
        const own = result.catch(blameNobody);
        void listen(own, { driver, call: name, began, log: logOf(args) ?? ear.log, ear });
        return own;
      };
      wrapped.set(name, call);
      return call;
    },
  });
}

/**
 * Converts the error of a call that could not be made because no file descriptor was free, so that the drivers do not
 * have to handle this error. It shows nothing about the remote system.
 */
function blameNobody(error: unknown): never {
  const isOwn = error instanceof AgentError && error.code === 'descriptors_exhausted';
  throw !isOwn && isOutOfDescriptors(error) ? outOfDescriptors(error) : error;
}

interface Heard {
  readonly driver: string;
  readonly call: string;
  readonly began: number;
  readonly log: DriverLog;
  readonly ear: CallListener;
}

async function listen(result: Promise<unknown>, { driver, call, began, log, ear }: Heard): Promise<void> {
  const code = await result.then(
    () => 'ok',
    (error: unknown) => asAgentError(error).code,
  );
  const ms = performance.now() - began;
  ear.heard({ driver, call, ms, result: code });
  log.debug(
    { driver, call, ms: Math.round(ms), result: code },
    `the call ${call} to ${driver} ${code === 'ok' ? 'succeeded' : 'failed'}`,
  );
}

/** Finds the logger of a call, which is in its last argument. */
function logOf(args: readonly unknown[]): DriverLog | undefined {
  const last = args.at(-1);
  return isCall(last) ? last.log : undefined;
}

function isCall(value: unknown): value is DriverCall {
  return typeof value === 'object' && value !== null && 'signal' in value && 'note' in value;
}
