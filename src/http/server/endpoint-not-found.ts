/**
 * The error for an endpoint that does not exist. The message contains the requested path, so that the caller can see a
 * typing error.
 */
import { AgentError } from '../../kernel/errors.js';

interface Asked {
  readonly method: string;
  readonly url: string;
}

const LONGEST_PATH = 100;
/**
 * The maximum length of a segment of an endpoint. A longer segment may be a secret that a caller put into the path by
 * mistake.
 */
const LONGEST_SEGMENT = 24;

export function endpointNotFound(asked: Asked): AgentError {
  return new AgentError('route_not_found', `Endpoint not found: ${shownCall(asked)}.`);
}

/**
 * Returns method and path, such as `POST /creat-site`. Omits the query, which may contain data of the caller, and
 * characters that a page would interpret as markup.
 */
export function shownCall({ method, url }: Asked): string {
  const path = (url.split('?', 1)[0] ?? '/')
    .replace(/[^A-Za-z0-9/._~%:@+,=!$&*-]/g, '?')
    .split('/')
    .map((segment) => (segment.length > LONGEST_SEGMENT ? '...' : segment))
    .join('/');
  return `${method} ${path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}...` : path}`;
}
