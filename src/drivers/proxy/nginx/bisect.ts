/**
 * Finds which of the changes nginx accepts, by halving: the tests it takes grow with the refused ones, not with all.
 */
import { AgentError } from '../../../kernel/errors.js';
import { applyChanges, type Change } from './changes.js';
import { unreachable } from './commands.js';
import type { Refuse } from './backend.js';
import type { Records } from './records.js';

export interface Tested<C> {
  readonly records: Records;
  readonly accepted: readonly C[];
}

export interface Bisection<C> {
  /** nginx's complaint about these records, or undefined. */
  readonly complaintAbout: (records: Records) => Promise<string | undefined>;
  readonly refuse: Refuse<C>;
}

/** @param complaint about what is wished. Throws `proxy_unreachable` when nginx refuses the former records too. */
export async function findAccepted<C extends Change>(
  before: Records,
  requested: Tested<C>,
  complaint: string,
  halving: Bisection<C>,
): Promise<Tested<C>> {
  const older = await halving.complaintAbout(before);
  if (older !== undefined) throw unreachable(`nginx refuses its configuration as it was, too: ${older}`);
  return halve(before, requested.accepted, complaint, halving);
}

/** @param complaint about all of `changes` together over `base`, which alone is accepted */
async function halve<C extends Change>(
  base: Records,
  changes: readonly C[],
  complaint: string,
  halving: Bisection<C>,
): Promise<Tested<C>> {
  const [only] = changes;
  if (changes.length === 1 && only) {
    halving.refuse(only, refusedByNginx(complaint));
    return { records: base, accepted: [] };
  }
  const middle = Math.ceil(changes.length / 2);
  const first = await settle(base, changes.slice(0, middle), halving);
  const second = await settle(first.records, changes.slice(middle), halving);
  return { records: second.records, accepted: [...first.accepted, ...second.accepted] };
}

async function settle<C extends Change>(
  base: Records,
  changes: readonly C[],
  halving: Bisection<C>,
): Promise<Tested<C>> {
  // Names may clash anew (or no longer) once another wish is refused.
  const wanted = applyChanges(base, changes);
  for (const { change, error } of wanted.refused) halving.refuse(change, error);
  if (wanted.accepted.length === 0) return { records: base, accepted: [] };
  const complaint = await halving.complaintAbout(wanted.records);
  return complaint === undefined ? wanted : halve(base, wanted.accepted, complaint, halving);
}

function refusedByNginx(complaint: string): AgentError {
  return new AgentError('proxy_failed', 'The reverse proxy refused the configuration.', {
    role: 'reverse proxy',
    detail: complaint,
  });
}
