/**
 * Checks whether Proxmox accepts our token for anything at all. A 403 names one privilege that one request lacks. A
 * token that lost all its permissions also gets a 403, and empty lists where it may look. Every token may query its
 * own privileges.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isPve } from './pve-error.js';

/** Returns to every token its own privileges by path; paths without any are left out. */
export const PERMISSIONS = '/api2/json/access/permissions';

/** Without it no container is visible, and nothing works. */
const BASELINE = 'VM.Audit';
/** How long a result is reused: requests that lack one privilege may trigger many checks. */
const FRESH_MS = 10_000;

const Held = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const ANSWER = Compile(Type.Object({ data: Held }));

/** Why the token is as good as refused, or undefined. Only a good response can show this. */
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
  /** Throws PveError: `refused` if the token is refused, or the error that prevented the query. */
  ask(signal: AbortSignal): Promise<void>;
  /** Does the same unless the privileges were queried lately; does not throw if the query was not possible. */
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
