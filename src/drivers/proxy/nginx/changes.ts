/** What a wish does to the set of records, as a pure function: names belong to one record, records to one mark. */
import { AgentError } from '../../../domain/errors.js';
import { formatMark, type Mark, sameMark } from '../../../domain/mark.js';
import type { ProxyHost } from '../driver.js';
import { fileNameOf } from './record.js';
import type { Sites } from './sites.js';

export type Change =
  | { readonly kind: 'put'; readonly host: ProxyHost }
  | { readonly kind: 'remove'; readonly mark: Mark }
  /** Wishes only that the proxy is up to date. */
  | { readonly kind: 'nothing' };

export interface Applied<C extends Change> {
  readonly sites: Sites;
  readonly accepted: readonly C[];
  readonly refused: readonly { readonly change: C; readonly error: AgentError }[];
}

/** In order; one that is refused leaves no trace. */
export function applyChanges<C extends Change>(base: Sites, changes: readonly C[]): Applied<C> {
  const sites = new Map(base);
  const holders = new Map<string, string>();
  for (const [file, host] of base) for (const name of host.names) holders.set(name, file);
  const accepted: C[] = [];
  const refused: { change: C; error: AgentError }[] = [];
  for (const change of changes) {
    const error = applyOne(sites, holders, change);
    if (error) refused.push({ change, error });
    else accepted.push(change);
  }
  return { sites, accepted, refused };
}

function applyOne(
  sites: Map<string, ProxyHost>,
  holders: Map<string, string>,
  change: Change,
): AgentError | undefined {
  if (change.kind === 'put') return put(sites, holders, change.host);
  if (change.kind === 'remove') remove(sites, holders, change.mark);
  return undefined;
}

function put(
  sites: Map<string, ProxyHost>,
  holders: Map<string, string>,
  host: ProxyHost,
): AgentError | undefined {
  const file = fileNameOf(host.mark);
  const current = sites.get(file);
  if (current && !sameMark(current.mark, host.mark))
    return foreign(`${file} carries ${formatMark(current.mark)}`);
  const taken = host.names.find((name) => (holders.get(name) ?? file) !== file);
  if (taken !== undefined) return foreign(`${taken} is held by ${holders.get(taken) ?? ''}`);
  // The same object stays, so that an unchanged record is not written again.
  if (current && JSON.stringify(current) === JSON.stringify(host)) return undefined;
  for (const name of current?.names ?? []) holders.delete(name);
  for (const name of host.names) holders.set(name, file);
  sites.set(file, host);
  return undefined;
}

function remove(sites: Map<string, ProxyHost>, holders: Map<string, string>, mark: Mark): void {
  const file = fileNameOf(mark);
  const current = sites.get(file);
  if (!current || !sameMark(current.mark, mark)) return;
  for (const name of current.names) holders.delete(name);
  sites.delete(file);
}

function foreign(detail: string): AgentError {
  return new AgentError('foreign_object', 'One of the names is already served for something else.', {
    role: 'reverse proxy',
    detail,
  });
}
