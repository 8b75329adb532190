/** Reads the audit log: a token sees its own panel's lines, the operator at the socket everybody's. */
import { AgentError } from '../kernel/errors.js';
import type { AuditPage } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import type { Listener } from '../model/listener.js';

export interface AuditQuestion {
  readonly since: string | undefined;
  readonly serviceId: string | undefined;
  /** Only of this one. */
  readonly panel: string | undefined;
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly door: Listener;
}

/** Throws `invalid_request`, `cursor_gone`, `forbidden` for another panel's, `state_unavailable`. */
export async function listAudit(
  { state }: Pick<OperationContext, 'state'>,
  caller: Pick<Caller, 'panel'>,
  { since, serviceId, panel, cursor, limit, door }: AuditQuestion,
): Promise<AuditPage> {
  if (door === 'network' && panel !== undefined && panel !== caller.panel)
    throw new AgentError('forbidden', 'This token may not make this call.');
  const instant = since === undefined ? undefined : new Date(since).toISOString();
  const own = door === 'network' ? caller.panel : panel;
  const page = await state.audit.read({ after: cursor, since: instant, limit, panel: own, serviceId });
  if (page.gone)
    throw new AgentError(
      'cursor_gone',
      'There is nothing to go on from behind this cursor. Start again without a cursor.',
    );
  if (page.next === undefined) {
    throw new AgentError('invalid_request', 'cursor must come from an earlier answer.', {
      fields: { cursor: 'must come from an earlier answer' },
    });
  }
  return page;
}
