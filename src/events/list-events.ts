/** What happened to a panel's services since it asked last. */
import { AgentError } from '../kernel/errors.js';
import type { EventPage } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';

/** A cursor that stands for now. */
const LATEST = 'latest';

const NOTHING = { events: [], more: false, gone: false };
const GONE =
  'There is nothing to go on from behind this cursor. Get a new one with GET /events?after=latest, then compare all services with POST /panel/sync.';

export interface EventQuery {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Throws `invalid_request` for what is no cursor, `cursor_gone` for one that nothing can be told behind. */
export async function listEvents(
  { state }: Pick<OperationContext, 'state'>,
  { panel }: Pick<Caller, 'panel'>,
  { after, limit }: EventQuery,
): Promise<EventPage & { readonly next: string }> {
  if (after === LATEST) return { ...NOTHING, next: await state.events.latest(panel) };
  const { next, ...page } = await state.events.read({ panel, after, limit });
  if (page.gone) throw new AgentError('cursor_gone', GONE);
  if (next !== undefined) return { ...page, next };
  throw new AgentError('invalid_request', 'after must come from an earlier answer.', {
    fields: { after: 'must come from an earlier answer' },
  });
}
