/**
 * Finds by bisection which changes nginx accepts. The number of tests depends mainly on the number of changes that
 * nginx rejects, not on the number of all changes.
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
  /** Returns nginx's error message about these records, or undefined if nginx accepts them. */
  readonly complaintAbout: (records: Records) => Promise<string | undefined>;
  readonly refuse: Refuse<C>;
}

/**
 * Call this when nginx has rejected the requested changes. Throws `proxy_unreachable` if nginx also rejects the records
 * from before the changes.
 */
export async function findAccepted<C extends Change>(
  before: Records,
  requested: Tested<C>,
  halving: Bisection<C>,
): Promise<Tested<C>> {
  const older = await halving.complaintAbout(before);
  if (older !== undefined) throw unreachable(`nginx also refuses its previous configuration: ${older}`);
  return halve(before, requested.accepted, halving);
}

/** nginx accepts `base` without changes, and has rejected `base` with all `changes`. */
async function halve<C extends Change>(
  base: Records,
  changes: readonly C[],
  halving: Bisection<C>,
): Promise<Tested<C>> {
  const [only] = changes;
  if (changes.length === 1 && only) return confirm(base, only, halving);
  const middle = Math.ceil(changes.length / 2);
  const first = await settle(base, changes.slice(0, middle), halving);
  const second = await settle(first.records, changes.slice(middle), halving);
  return { records: second.records, accepted: [...first.accepted, ...second.accepted] };
}

/** Tests the change once more, because a test can also fail for a reason that has passed, such as a full disk. */
async function confirm<C extends Change>(base: Records, only: C, halving: Bisection<C>): Promise<Tested<C>> {
  const wanted = applyChanges(base, [only]);
  const complaint = await halving.complaintAbout(wanted.records);
  if (complaint === undefined) return wanted;
  halving.refuse(only, refusedByNginx(complaint));
  return { records: base, accepted: [] };
}

async function settle<C extends Change>(
  base: Records,
  changes: readonly C[],
  halving: Bisection<C>,
): Promise<Tested<C>> {
  // Because a change was rejected, other changes may now have name conflicts, or may no longer have them.
  const wanted = applyChanges(base, changes);
  for (const { change, error } of wanted.refused) halving.refuse(change, error);
  if (wanted.accepted.length === 0) return { records: base, accepted: [] };
  const complaint = await halving.complaintAbout(wanted.records);
  return complaint === undefined ? wanted : halve(base, wanted.accepted, halving);
}

function refusedByNginx(complaint: string): AgentError {
  return new AgentError('proxy_failed', 'The reverse proxy refused the configuration.', {
    role: 'reverse proxy',
    detail: complaint,
  });
}
