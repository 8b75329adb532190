/** Lists what has happened to a panel's services since the panel's previous request. */
import { AgentError } from '../kernel/errors.js';
import type { EventPage } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';

/** The cursor for the current end of the log. */
const LATEST = 'latest';

const NOTHING = { events: [], more: false, gone: false };
const GONE =
  'This cursor is no longer valid. ' +
  'Get a new one with GET /events?after=latest, then compare all services with POST /panel/sync.';

export interface EventQuery {
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Throws `invalid_request` for an invalid cursor, `cursor_gone` for a cursor whose position in the log no longer
 * exists.
 */
export async function listEvents(
  { state }: Pick<OperationContext, 'state'>,
  { panel }: Pick<Caller, 'panel'>,
  { after, limit }: EventQuery,
): Promise<EventPage & { readonly next: string }> {
  if (after === LATEST) return { ...NOTHING, next: await state.events.latest(panel) };
  const { next, ...page } = await state.events.read({ panel, after, limit });
  if (page.gone) throw new AgentError('cursor_gone', GONE);
  if (next !== undefined) return { ...page, next };
  throw new AgentError('invalid_request', 'after must come from an earlier response.', {
    fields: { after: 'must come from an earlier response' },
  });
}
