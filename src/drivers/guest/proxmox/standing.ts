/**
 * Whether Proxmox takes our token for anything at all. A 403 names one privilege that one request lacks; a token
 * whose rules were all removed gets the same, and empty lists where it may look. What the token holds is its own to
 * ask, whatever else it may.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isPve } from './pve-error.js';

/** Answers every token with its own privileges by path; paths without any are left out. */
export const PERMISSIONS = '/api2/json/access/permissions';

/** Without it no container can be seen: nothing works. */
const BASELINE = 'VM.Audit';
/** A denial of one privilege may be asked about often. */
const FRESH_MS = 10_000;

const Held = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const ANSWER = Compile(Type.Object({ data: Held }));

/** Why the token is as good as refused, or undefined. Only a good answer can say so. */
export function standingIn({ status, body }: { status: number; body: string }): string | undefined {
  if (status !== 200) return undefined;
  const answer = parsed(body);
  if (!ANSWER.Check(answer)) return undefined;
  const paths = Object.values(answer.data);
  if (paths.some((privileges) => Object.hasOwn(privileges, BASELINE))) return undefined;
  return paths.length === 0
    ? 'the token is accepted, but holds no privilege at all'
    : `the token is accepted, but ${BASELINE} is missing everywhere`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export interface Standing {
  /** Throws PveError: `refused` when the token is, and what else kept it from being asked. */
  ask(signal: AbortSignal): Promise<void>;
  /** The same unless it was asked lately; does not throw because it could not be asked. */
  check(signal: AbortSignal): Promise<void>;
}

export function newStanding(request: (signal: AbortSignal) => Promise<unknown>): Standing {
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = async (signal: AbortSignal): Promise<void> => {
    await request(signal);
    askedAt = performance.now();
  };
  return {
    ask,
    async check(signal) {
      if (performance.now() - askedAt < FRESH_MS) return;
      try {
        await ask(signal);
      } catch (error) {
        if (isPve(error, 'refused') && error.isWhole) throw error;
      }
    },
  };
}
