/**
 * Erases passwords whose time to be read has ended. The agent finds them by searching the records, so it also erases
 * passwords whose time ended while the agent was down.
 */
import { ADMIN_PASSWORD, erasedAt, withoutPassword } from '../model/credentials.js';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { OperationContext } from './context.js';

/** Returns the time of the next erasure (epoch ms), or undefined if none is planned. */
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
