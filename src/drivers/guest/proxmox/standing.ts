/**
 * Checks whether the token has any privileges at all. A 403 usually means that one request lacks one privilege. But a
 * token that has lost all privileges also gets a 403, or an empty list where no privilege is needed. The check works
 * because every token may query its own privileges.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isPve } from './pve-error.js';

/** This path returns the privileges of the token by path. Paths without privileges are omitted. */
export const PERMISSIONS = '/api2/json/access/permissions';

/** The privilege without which no container is visible and no operation works. */
const BASELINE = 'VM.Audit';
/** How long a result is reused, because requests that lack one privilege could otherwise trigger many checks. */
const FRESH_MS = 10_000;

const Held = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const ANSWER = Compile(Type.Object({ data: Held }));

/** Returns why no request of the token can succeed, or undefined. Only a successful response can show this. */
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
  /**
   * Queries the privileges. Throws PveError with kind `refused` if the token is refused, or the error that prevented
   * the query.
   */
  ask(signal: AbortSignal): Promise<void>;
  /** Does the same unless the privileges were queried recently. Does not throw if the query was not possible. */
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
