/**
 * Calls with long answers: only so many of one token are under way, as each keeps its input and its half-made answer in
 * memory.
 */
import type { FastifyReply } from 'fastify';
import { AgentError } from '../../kernel/errors.js';

/** Undefined when the call is let in; it counts until its answer is over. */
export type AdmitCall = (token: string, most: number, reply: FastifyReply) => AgentError | undefined;

/** For one route. */
export function callsAtOnce(): AdmitCall {
  const underWay = new Map<string, number>();
  return (token, most, { raw }) => {
    const count = underWay.get(token) ?? 0;
    if (count >= most)
      return new AgentError(
        'rate_limited',
        `Only ${most} of these calls can be under way at once; please try again in a moment.`,
        { retryAfterS: 1 },
      );
    underWay.set(token, count + 1);
    raw.once('close', () => {
      const left = (underWay.get(token) ?? 1) - 1;
      if (left > 0) underWay.set(token, left);
      else underWay.delete(token);
    });
    return undefined;
  };
}
