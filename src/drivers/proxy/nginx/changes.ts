/**
 * Applies changes to the set of records, as a pure function. No name may be in two records, and a record can be
 * changed only with the mark that it has.
 */
import { AgentError } from '../../../kernel/errors.js';
import { formatMark, type Mark, sameMark } from '../../../kernel/mark.js';
import type { ProxyHost } from '../contract.js';
import type { CertificateEntry } from './certificates.js';
import { fileNameOf } from './record.js';
import type { Records } from './records.js';

export type Change =
  | { readonly kind: 'put'; readonly host: ProxyHost }
  | { readonly kind: 'remove'; readonly mark: Mark }
  | { readonly kind: 'putCertificate'; readonly entry: CertificateEntry }
  | { readonly kind: 'removeCertificate'; readonly id: string }
  /** A request that changes no record. It only makes the driver bring the proxy up to date. */
  | { readonly kind: 'nothing' };

export interface Applied<C extends Change> {
  readonly records: Records;
  readonly accepted: readonly C[];
  readonly refused: readonly { readonly change: C; readonly error: AgentError }[];
}

/**
 * The records while changes are applied to them. `holders` maps each name to the record that contains it, `certified`
 * to the certificate that contains it.
 */
interface Draft {
  readonly sites: Map<string, ProxyHost>;
  readonly holders: Map<string, string>;
  readonly certificates: Map<string, CertificateEntry>;
  readonly certified: Map<string, string>;
}

/** Applies the changes in order. If a change is refused, it changes no record. */
export function applyChanges<C extends Change>(base: Records, changes: readonly C[]): Applied<C> {
  const draft: Draft = {
    sites: new Map(base.sites),
    holders: new Map(),
    certificates: new Map(base.certificates),
    certified: new Map(),
  };
  for (const [file, host] of base.sites) for (const name of host.names) draft.holders.set(name, file);
  for (const [id, entry] of base.certificates) for (const name of entry.names) draft.certified.set(name, id);
  const accepted: C[] = [];
  const refused: { change: C; error: AgentError }[] = [];
  for (const change of changes) {
    const error = applyOne(draft, change);
    if (error) refused.push({ change, error });
    else accepted.push(change);
  }
  return { records: draft, accepted, refused };
}

function applyOne(draft: Draft, change: Change): AgentError | undefined {
  switch (change.kind) {
    case 'put':
      return put(draft.sites, draft.holders, change.host);
    case 'remove':
      remove(draft.sites, draft.holders, change.mark);
      return undefined;
    case 'putCertificate':
      return putCertificate(draft, change.entry);
    case 'removeCertificate':
      removeCertificate(draft, change.id);
      return undefined;
    case 'nothing':
      return undefined;
  }
}

function putCertificate(draft: Draft, entry: CertificateEntry): AgentError | undefined {
  const taken = entry.names.find((name) => (draft.certified.get(name) ?? entry.id) !== entry.id);
  if (taken !== undefined)
    return foreign(`${taken} already has the certificate ${draft.certified.get(taken) ?? ''}`);
  removeCertificate(draft, entry.id);
  for (const name of entry.names) draft.certified.set(name, entry.id);
  draft.certificates.set(entry.id, entry);
  return undefined;
}

function removeCertificate({ certificates, certified }: Draft, id: string): void {
  for (const name of certificates.get(id)?.names ?? []) certified.delete(name);
  certificates.delete(id);
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
  if (taken !== undefined) return foreign(`${taken} is already in ${holders.get(taken) ?? ''}`);
  // Keeps the same object if the record is unchanged, so that the record is not written again.
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
  return new AgentError(
    'foreign_object',
    'The reverse proxy already serves one of the names for another object.',
    {
      role: 'reverse proxy',
      detail,
    },
  );
}
