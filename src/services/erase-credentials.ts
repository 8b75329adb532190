/**
 * Erases passwords that may no longer be read. Such passwords are found in the records, so none is missed while the
 * agent is down.
 */
import { ADMIN_PASSWORD, erasedAt, withoutPassword } from '../model/credentials.js';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { OperationContext } from './context.js';

/** Epoch ms when the next erasure is due, or undefined. */
export async function eraseCredentials({
  state,
  clock,
}: Pick<OperationContext, 'state' | 'clock'>): Promise<number | undefined> {
  if (!clock.trusted()) return undefined;
  const isDue = (at: string | null): boolean => at !== null && Date.parse(at) <= clock.now();
  let next: number | undefined;
  for (const { key, passwordUntil } of state.services.entries()) {
    if (passwordUntil === null) continue;
    if (!isDue(passwordUntil)) {
      next = Math.min(next ?? Number.POSITIVE_INFINITY, Date.parse(passwordUntil));
      continue;
    }
    await state.services.commit(key, (current) => {
      if (!current) throw new AgentError('service_not_found', 'There is no service with this id.');
      const still = current.secrets[ADMIN_PASSWORD] && isDue(erasedAt(current));
      return still ? { ...withoutPassword(current), updatedAt: instant(clock) } : current;
    });
  }
  return next;
}
