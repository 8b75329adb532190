/**
 * Reads and writes the mark of a record set. The mark is stored in a comment of the set. If the back end of the server
 * cannot store comments (for example LMDB before PowerDNS 5.1), the mark is stored in a TXT record with the name
 * `_innkeeper-owner.<name>`, which contains the mark and the type: `"innkeeper:agent/panel/service/1 A"`. The driver
 * always reads both. It writes the TXT record only if the server rejects comments, because everyone can read the TXT
 * record.
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

/** Returns true if this is the name of a TXT record for marks. No record of a site has such a name. */
export function isOwnerName(name: string): boolean {
  return name.startsWith(OWNER);
}

/** Returns the comments that the set should have: the existing comments of other clients and the mark. */
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
  /** The name of the record sets that the marks belong to, with the final dot. */
  readonly name: string;
  readonly mark: Mark;
  /** `add` is the record type whose mark is added. `drop` contains the record types whose marks are removed. */
  readonly add?: string | undefined;
  readonly drop: readonly string[];
  /** Time to live of a new TXT record. */
  readonly ttl: number;
}

/**
 * Returns the change that the TXT record at the owner name needs. The result is empty if the record is already
 * correct.
 */
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
