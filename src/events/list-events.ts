/** What happened to a panel's services since it asked last. */
import { AgentError } from '../kernel/errors.js';
import type { EventPage } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';

/** A cursor that stands for now. */
const LATEST = 'latest';

export interface EventWish {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Throws `invalid_request` for a cursor that is none of ours. */
export async function listEvents(
  { state }: Pick<OperationContext, 'state'>,
  { panel }: Pick<Caller, 'panel'>,
  { after, limit }: EventWish,
): Promise<EventPage & { readonly next: string }> {
  if (after === LATEST) return { events: [], next: await state.events.latest(), more: false };
  const { next, ...page } = await state.events.read({ panel, after, limit });
  if (next !== undefined) return { ...page, next };
  throw new AgentError('invalid_request', 'after must come from an earlier answer.', {
    fields: { after: 'must come from an earlier answer' },
  });
}
