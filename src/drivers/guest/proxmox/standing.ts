/**
 * Checks whether the token has any privileges at all. A response with status 403 usually means that the token lacks
 * one privilege that this request needs. But if the token has lost all privileges, Proxmox also responds with 403, or
 * with an empty list where no privilege is needed. The check works because every token is allowed to query its own
 * privileges.
 */
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import { isPve } from './pve-error.js';

/** This path returns the privileges of the token by path. Paths without privileges are omitted. */
export const PERMISSIONS = '/api2/json/access/permissions';

/** If the token lacks this privilege, it sees no container, and no operation works. */
const BASELINE = 'VM.Audit';
/**
 * How long a result is reused. Without this, a token that lacks one privilege could trigger a check with each request.
 */
const FRESH_MS = 10_000;

const Held = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const ANSWER = lazyCheck(Type.Object({ data: Held }));

/**
 * Returns why no request of the token can succeed, or undefined if the response does not show such a reason. Only a
 * successful response can show it.
 */
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
  /**
   * The same as `ask`, but does nothing if the privileges were queried recently, and does not throw if the query was
   * not possible.
   */
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
