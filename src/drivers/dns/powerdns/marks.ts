/**
 * Reads and writes the mark of a record set. The mark is in a comment of the set. If the back end of the server
 * cannot store comments (LMDB before PowerDNS 5.1), the mark is in a TXT record `_innkeeper-owner.<name>`, which
 * contains mark and type: `"innkeeper:agent/panel/service/1 A"`. The driver always reads both forms. It writes the
 * TXT record only if the server refuses comments, because the record is public.
 */
import { findMark, formatMark, isMarkAlone, type Mark, sameMark } from '../../../kernel/mark.js';
import type { RecordSet, RecordSetChange } from './client.js';
import { fromContent, toContent } from './record-content.js';

const OWNER = '_innkeeper-owner.';

/** `name` with the final dot, as in record sets. */
export function ownerName(name: string): string {
  return `${OWNER}${name}`;
}

/** `all` contains the record sets at the name and at its owner name. */
export function marksOf(set: RecordSet, all: readonly RecordSet[]): Mark[] {
  const inComments = (set.comments ?? []).flatMap(({ content }) => findMark(content) ?? []);
  const owner = ownerSet(set.name, all);
  const ofType = (owner ? textsOf(owner) : []).filter((text) => text.endsWith(` ${set.type}`));
  return [...inComments, ...ofType.flatMap((text) => findMark(text) ?? [])];
}

export function carries(set: RecordSet, mark: Mark, all: readonly RecordSet[]): boolean {
  return marksOf(set, all).some((found) => sameMark(found, mark));
}

/** True if the comments of the set contain only marks. */
export function isMarkedAlone({ comments = [] }: RecordSet): boolean {
  return comments.every(({ content }) => isMarkAlone(content));
}

/** True for the name of a TXT record with marks. A record set at such a name is not a record of a site. */
export function isOwnerName(name: string): boolean {
  return name.startsWith(OWNER);
}

/** Returns the comments of the set including the mark. Comments of others stay. */
export function commentsWith(
  set: RecordSet | undefined,
  mark: Mark,
): NonNullable<RecordSetChange['comments']> {
  const others = commentsWithout(set, mark);
  return [...others, { content: formatMark(mark), account: 'innkeeper' }];
}

export function commentsWithout(
  set: RecordSet | undefined,
  mark: Mark,
): NonNullable<RecordSetChange['comments']> {
  return (set?.comments ?? [])
    .filter(({ content }) => !sameMark(findMark(content), mark))
    .map(({ account = '', ...comment }) => ({ ...comment, account }));
}

interface OwnerChange {
  /** Name of the marked sets, with the final dot. */
  readonly name: string;
  readonly mark: Mark;
  /** `add` is the type whose set gets the mark. `drop` contains the types whose sets lose the mark. */
  readonly add?: string | undefined;
  readonly drop: readonly string[];
  /** Time to live of a new TXT record. */
  readonly ttl: number;
}

/** Returns the change of the TXT record at the owner name. The result is empty if the record is already correct. */
export function ownerChange(
  { name, mark, add, drop, ttl }: OwnerChange,
  all: readonly RecordSet[],
): RecordSetChange[] {
  const owner = ownerSet(name, all);
  const before = owner ? textsOf(owner) : [];
  const textOf = (type: string): string => `${formatMark(mark)} ${type}`;
  const dropped = drop.filter((type) => type !== add).map(textOf);
  const kept = before.filter((text) => !dropped.includes(text));
  const after = add === undefined || kept.includes(textOf(add)) ? kept : [...kept, textOf(add)];
  if (after.length === before.length && after.every((text) => before.includes(text))) return [];
  const off = (owner?.records ?? []).filter(({ disabled }) => disabled === true);
  const records = [
    ...after.map((text) => ({ content: toContent('TXT', text), disabled: false })),
    ...off.map(({ content }) => ({ content, disabled: true })),
  ];
  const at = { name: ownerName(name), type: 'TXT' };
  if (records.length === 0) return [{ ...at, changetype: 'DELETE' }];
  return [{ ...at, changetype: 'REPLACE', ttl: owner?.ttl ?? ttl, records }];
}

function ownerSet(name: string, all: readonly RecordSet[]): RecordSet | undefined {
  const wanted = ownerName(name.toLowerCase());
  return all.find((set) => set.type === 'TXT' && set.name.toLowerCase() === wanted);
}

function textsOf({ records }: RecordSet): string[] {
  return records
    .filter(({ disabled }) => disabled !== true)
    .map(({ content }) => fromContent('TXT', content));
}
