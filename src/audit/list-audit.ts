/** Reads the audit log. A token sees only the lines of its panel; the operator at the socket sees all lines. */
import { AgentError } from '../kernel/errors.js';
import type { AuditPage } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import type { Listener } from '../model/listener.js';

export interface AuditQuestion {
  readonly since: string | undefined;
  readonly serviceId: string | undefined;
  /** Selects only lines of this panel. */
  readonly panel: string | undefined;
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly listener: Listener;
}

/** Throws `invalid_request`, `cursor_gone`, `forbidden` for another panel, `state_unavailable`. */
export async function listAudit(
  { state }: Pick<OperationContext, 'state'>,
  caller: Pick<Caller, 'panel'>,
  { since, serviceId, panel, cursor, limit, listener }: AuditQuestion,
): Promise<AuditPage> {
  if (listener === 'network' && panel !== undefined && panel !== caller.panel)
    throw new AgentError('forbidden', 'This token does not have permission for this request.');
  const instant = since === undefined ? undefined : new Date(since).toISOString();
  const own = listener === 'network' ? caller.panel : panel;
  const page = await state.audit.read({ after: cursor, since: instant, limit, panel: own, serviceId });
  if (page.gone)
    throw new AgentError('cursor_gone', 'This cursor is no longer valid. Start again without a cursor.');
  if (page.next === undefined) {
    throw new AgentError('invalid_request', 'cursor must come from an earlier response.', {
      fields: { cursor: 'must come from an earlier response' },
    });
  }
  return page;
}
