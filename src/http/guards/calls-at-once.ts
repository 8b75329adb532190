/**
 * Limits how many requests with long responses a token may have in progress, because the agent keeps the data and the
 * unfinished response of each such request in memory.
 */
import type { FastifyReply } from 'fastify';
import { AgentError } from '../../kernel/errors.js';

/**
 * Returns undefined if the request is admitted. An admitted request counts towards the limit until its response has
 * been sent or aborted.
 */
export type AdmitCall = (token: string, most: number, reply: FastifyReply) => AgentError | undefined;

/** Creates the limit for one route. */
export function callsAtOnce(): AdmitCall {
  const underWay = new Map<string, number>();
  return (token, most, { raw }) => {
    const count = underWay.get(token) ?? 0;
    if (count >= most)
      return new AgentError(
        'rate_limited',
        `Only ${most} of these requests can run at the same time; please try again in a moment.`,
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
