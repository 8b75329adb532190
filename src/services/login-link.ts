/**
 * Creates a log-in link for the site's administrator. The link works once and expires after one minute. Only the
 * response contains the link's token; the job and the site get only a hash of the token.
 */
import { createHash, randomBytes } from 'node:crypto';
import { AgentError } from '../kernel/errors.js';
import type { Caller } from '../model/caller.js';
import { keyOf } from '../model/service.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { lookUp, seen } from './read-power.js';

/** Validity of the link in seconds, from the moment when the site has received it. */
export const LINK_S = 60;
/** Time limit for the job, in seconds. A customer who has pressed a button does not wait longer for a link. */
const PATIENCE_S = 30;

export interface LinkStarted extends Started {
  /** The link, which is valid once the job has completed. */
  readonly url: string;
}

/** Throws `not_supported`, `service_stopped`, and what `enqueue` throws. */
export async function makeLoginLink(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
): Promise<LinkStarted> {
  const service = await context.state.services.get(keyOf({ panel: caller.panel, id }));
  const link = randomBytes(16).toString('hex');
  const token = randomBytes(32).toString('base64url');
  const { loginPath } = context.products.get(service.module.name).declared;
  if (loginPath === null || !service.site)
    throw new AgentError('not_supported', 'The product of this service has no log-in links.');
  if (service.lifecycle === 'active' && lookUp(context.watch, seen(service)).power === 'stopped')
    throw new AgentError('service_stopped', 'The site is stopped; start it first.');
  const sha256 = createHash('sha256').update(token).digest('hex');
  const started = await enqueue(context, caller, id, {
    method: 'loginLink',
    args: { link, sha256 },
    shape: (job) => ({ ...job, policy: { ...job.policy, patienceS: PATIENCE_S } }),
  });
  return { ...started, url: `https://${service.site.primaryDomain}${pathOf(loginPath, link, token)}` };
}

/** The id and the token need no escaping, because they contain only characters that are allowed in a path. */
function pathOf(pattern: string, id: string, token: string): string {
  return pattern.replaceAll('{id}', id).replaceAll('{token}', token);
}
