/** Lists a panel's services from the index, without reading documents. */
import type { StatusWord } from '../model/status.js';
import type { ServiceEntry } from '../state/contract.js';
import type { Rest } from '../kernel/async/slices.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { afterCursor, nextCursor, type Page } from '../jobs/manage/page.js';
import { lookUp, wordFor } from './read-power.js';

export interface ServiceQuery {
  readonly ids?: readonly string[] | undefined;
  readonly status?: StatusWord | undefined;
  readonly plan?: string | undefined;
  readonly node?: string | undefined;
  /** Selects services whose id or name contains this text. */
  readonly q?: string | undefined;
  /** True selects only services with drift, false only services without drift. */
  readonly drift?: boolean | undefined;
  /** RFC 3339 */
  readonly updatedSince?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listServices(
  context: OperationContext,
  caller: Pick<Caller, 'panel'>,
  query: ServiceQuery,
  rest: Rest,
): Promise<Page<ReturnType<typeof viewEntry>>> {
  const after = afterCursor(query.cursor, caller.panel);
  const items: ReturnType<typeof viewEntry>[] = [];
  let last: ServiceEntry | undefined;
  for (const entry of context.state.services.entries()) {
    const pause = rest();
    if (pause) await pause;
    if (entry.panel !== caller.panel || (after !== undefined && entry.key <= after)) continue;
    const view = viewEntry(context, entry);
    if (!isWanted(entry, view, query)) continue;
    if (items.length >= query.limit) return { items, next: nextCursor(last?.key) };
    items.push(view);
    last = entry;
  }
  return { items, next: null };
}

function isWanted(
  entry: ServiceEntry,
  { status, drift }: { readonly status: StatusWord; readonly drift: readonly string[] },
  listQuery: ServiceQuery,
): boolean {
  const q = listQuery.q?.toLowerCase();
  const wanted = [
    listQuery.ids === undefined || listQuery.ids.includes(entry.id),
    listQuery.status === undefined || status === listQuery.status,
    listQuery.plan === undefined || entry.plan === listQuery.plan.toLowerCase(),
    listQuery.node === undefined || entry.node === listQuery.node,
    listQuery.drift === undefined || drift.length > 0 === listQuery.drift,
    q === undefined || entry.id.toLowerCase().includes(q) || entry.fqdn?.includes(q) === true,
    listQuery.updatedSince === undefined || Date.parse(entry.updatedAt) >= Date.parse(listQuery.updatedSince),
  ];
  return wanted.every(Boolean);
}

function viewEntry(context: OperationContext, entry: ServiceEntry) {
  const { power } = lookUp(context.watch, entry);
  return {
    service_id: entry.id,
    plan: entry.plan,
    status: wordFor(entry, power),
    lifecycle: entry.lifecycle,
    power,
    subdomain: entry.subdomain,
    fqdn: entry.fqdn,
    url: entry.fqdn === null ? null : `https://${entry.fqdn}`,
    vmid: entry.vmid,
    node: entry.node,
    private_ip: entry.addresses[0] ?? null,
    drift: [...new Set(context.drift.of(entry.key).map(({ item }) => item.part))],
    updated_at: entry.updatedAt,
  };
}
