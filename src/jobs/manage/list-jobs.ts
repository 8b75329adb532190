/** Lists the open jobs, and the newest ended job of each service. */
import type { Rest } from '../../kernel/async/slices.js';
import { isOpen, type JobStatus } from '../../model/job.js';
import { keyOf, type ServiceKey } from '../../model/service.js';
import type { ServiceEntry } from '../../state/contract.js';
import type { Caller } from '../../model/caller.js';
import type { JobContext } from './context.js';
import { afterCursor, nextCursor, type Page } from './page.js';
import type { FoundJob } from './read-job.js';

export interface JobQuery {
  readonly serviceId?: string | undefined;
  readonly status?: JobStatus | undefined;
  readonly tag?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * Maximum number of documents that one request reads, so that a filter for a rare status does not read all documents.
 * When the limit is reached, the page is short and has a cursor.
 */
const MOST_READ = 1_000;

export async function listJobs(
  context: JobContext,
  caller: Pick<Caller, 'panel'>,
  query: JobQuery,
  rest: Rest,
): Promise<Page<FoundJob>> {
  const items: FoundJob[] = [];
  let read = 0;
  let last: ServiceKey | undefined;
  for (const entry of candidates(context, caller, query)) {
    const pause = rest();
    if (pause) await pause;
    if (items.length >= query.limit || read >= MOST_READ) return { items, next: nextCursor(last) };
    read += 1;
    last = entry.key;
    const service = await context.state.services.find(entry.key);
    for (const job of service?.jobs ?? []) {
      const wanted =
        (query.status === undefined || job.status === query.status) &&
        (query.tag === undefined || job.tags.includes(query.tag));
      if (wanted) items.push({ serviceId: entry.id, job });
    }
  }
  return { items, next: null };
}

function* candidates(
  { state }: JobContext,
  { panel }: Pick<Caller, 'panel'>,
  listQuery: JobQuery,
): Generator<ServiceEntry> {
  if (listQuery.serviceId !== undefined) {
    const entry = state.services.entry(keyOf({ panel, id: listQuery.serviceId }));
    if (entry) yield entry;
    return;
  }
  const onlyOpen = listQuery.status !== undefined && isOpen({ status: listQuery.status });
  const after = afterCursor(listQuery.cursor, panel);
  for (const entry of state.services.entries()) {
    if (entry.panel !== panel || (after !== undefined && entry.key <= after)) continue;
    if (!onlyOpen || entry.openJobs.length > 0) yield entry;
  }
}
