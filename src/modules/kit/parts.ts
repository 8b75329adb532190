/** Reads the parts of a service in the flows of products that declare these parts. */
import { AgentError } from '../../kernel/errors.js';
import type { GuestView, ServiceView, SiteView } from './context.js';

/** Throws `module_failed` when the product has no part `guest`. */
export function guestOf({ guest }: ServiceView): GuestView {
  if (guest) return guest;
  throw missing('guest');
}

/** Throws `module_failed` when the product has no part `site`. */
export function siteOf({ site }: ServiceView): SiteView {
  if (site) return site;
  throw missing('site');
}

function missing(part: string): AgentError {
  return new AgentError('module_failed', 'The product does not support this.', {
    retryable: false,
    detail: `it does not have the part "${part}"`,
  });
}
