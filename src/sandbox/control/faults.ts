/**
 * Matches and counts injected faults for all servers of a sandbox environment (simulated Proxmox, DNS, proxy commands,
 * exec).
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Fault } from '../environment.js';

type Kind = Fault['kind'];
export type StrikeKind = Exclude<Kind, { readonly delayMs: number }>;

/**
 * The faults that affect one request. If there are several delays, they add up. At most one fault of any other kind
 * applies.
 */
export interface Strike {
  readonly delayMs: number;
  readonly kind: StrikeKind | undefined;
  /** Must be called if the fault turned out to have no effect on the response. The fault is then not counted. */
  readonly missed?: () => void;
}

export interface ListedFault {
  readonly id: string;
  readonly fault: Fault;
  /** The number of requests that the fault affected. */
  readonly struck: number;
}

export interface Faults {
  add(fault: Fault): string;
  list(): ListedFault[];
  /** Removes the fault with this ID, or all faults if no ID is given. Returns false if there is no such fault. */
  remove(id?: string): boolean;
  /** Returns the faults that affect this request, and counts them. `Fault.path` is matched against `path`. */
  strike(target: Fault['target'], at: { readonly method?: string; readonly path?: string }): Strike;
  /**
   * Returns whether a new connection must be refused. If so, counts the fault. Only faults of the kind `down` without
   * method and path apply.
   */
  refuses(target: Fault['target']): boolean;
  /** Returns whether a login must be refused. If so, counts the fault. */
  denies(target: Fault['target']): boolean;
}

const flag = Type.Literal(true);
const closed = { additionalProperties: false };
const faultSchema = Type.Object(
  {
    target: Type.Enum(['pve', 'dns', 'proxy', 'exec', 'web', 'lookup']),
    method: Type.Optional(Type.String()),
    path: Type.Optional(Type.String()),
    kind: Type.Union([
      Type.Object(
        {
          // a value below 200 is the exit code of a script
          status: Type.Integer({ minimum: 1, maximum: 599 }),
          reason: Type.Optional(Type.String()),
          errors: Type.Optional(Type.Record(Type.String(), Type.String())),
          after: Type.Optional(flag),
          page: Type.Optional(flag),
        },
        closed,
      ),
      Type.Object({ denied: flag }, closed),
      Type.Object({ delayMs: Type.Number({ minimum: 0 }) }, closed),
      Type.Object({ drop: Type.Enum(['before', 'after']) }, closed),
      Type.Object({ lock: Type.String({ minLength: 1 }) }, closed),
      Type.Object({ taskError: Type.String({ minLength: 1 }), after: Type.Optional(flag) }, closed),
      Type.Object({ taskMs: Type.Number({ minimum: 0 }) }, closed),
      Type.Object({ down: flag }, closed),
      Type.Object({ lie: flag }, closed),
      Type.Object({ noEffect: flag }, closed),
      Type.Object({ leftLock: Type.String({ pattern: '^[a-z-]+$' }) }, closed),
      Type.Object({ mountCheckMs: Type.Number({ minimum: 0 }) }, closed),
      Type.Object({ outdated: flag }, closed),
      Type.Object({ cut: flag }, closed),
      Type.Object({ dripMs: Type.Number({ minimum: 0 }) }, closed),
    ]),
    onward: Type.Optional(flag),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  closed,
);

/** Parses a fault from a request. Throws RangeError with the reason if the fault is invalid. */
export function parseFault(value: unknown): Fault {
  if (!Value.Check(faultSchema, value)) {
    const first = Value.Errors(faultSchema, value)[0];
    throw new RangeError(`invalid fault: ${first?.instancePath ?? ''} ${first?.message ?? ''}`.trim());
  }
  if (value.path !== undefined) new RegExp(value.path);
  return value;
}

interface Entry {
  readonly id: string;
  readonly fault: Fault;
  readonly path: RegExp | undefined;
  struck: number;
}

export function createFaults(): Faults {
  let entries: Entry[] = [];
  let made = 0;
  const live = (entry: Entry): boolean => entry.fault.times === undefined || entry.struck < entry.fault.times;
  const fits = (
    entry: Entry,
    target: Fault['target'],
    at: { readonly method?: string; readonly path?: string },
  ): boolean =>
    entry.fault.target === target &&
    live(entry) &&
    ((entry.fault.onward === true && entry.struck > 0) ||
      ((entry.fault.method === undefined || entry.fault.method === at.method) &&
        (entry.path === undefined || entry.path.test(at.path ?? ''))));

  return {
    add(fault) {
      made += 1;
      const path = fault.path === undefined ? undefined : new RegExp(fault.path);
      entries.push({ id: String(made), fault, path, struck: 0 });
      return String(made);
    },
    list: () => entries.map(({ id, fault, struck }) => ({ id, fault, struck })),
    remove(id) {
      const before = entries.length;
      entries = id === undefined ? [] : entries.filter((entry) => entry.id !== id);
      return id === undefined || entries.length < before;
    },
    strike(target, at) {
      let delayMs = 0;
      for (const entry of entries) {
        if (!fits(entry, target, at)) continue;
        entry.struck += 1;
        const { kind } = entry.fault;
        if (!('delayMs' in kind)) return { delayMs, kind, missed: () => void (entry.struck -= 1) };
        delayMs += kind.delayMs;
      }
      return { delayMs, kind: undefined };
    },
    refuses(target) {
      const found = entries.find(
        ({ fault, ...entry }) =>
          fault.target === target &&
          'down' in fault.kind &&
          fault.path === undefined &&
          fault.method === undefined &&
          live({ fault, ...entry }),
      );
      if (found) found.struck += 1;
      return found !== undefined;
    },
    denies(target) {
      const found = entries.find(
        (entry) => entry.fault.target === target && 'denied' in entry.fault.kind && live(entry),
      );
      if (found) found.struck += 1;
      return found !== undefined;
    },
  };
}
