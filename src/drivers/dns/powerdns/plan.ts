/**
 * Computes which changes create or remove one of the agent's records. The functions are pure: they depend only on the
 * record sets that the server has.
 */
import type { Mark } from '../../../kernel/mark.js';
import type { DnsRecord } from '../contract.js';
import { failed, inTheWay, type RecordSet, type RecordSetChange } from './client.js';
import { carries, commentsWith, commentsWithout, marksOf, ownerChange } from './marks.js';
import { fromContent, toContent } from './record-content.js';

export interface Ours {
  /** With the final dot. */
  readonly name: string;
  readonly type: DnsRecord['type'];
  readonly mark: Mark;
}

export interface Wanted extends Ours {
  readonly contents: readonly string[];
  readonly ttlS: number;
}

export function contentsOf({ name, type, values }: DnsRecord): string[] {
  const contents = new Set(values.map((value) => contentOf(type, value)));
  if (contents.size === 0) throw failed(`${name} ${type} without a value`);
  return [...contents];
}

function contentOf(type: DnsRecord['type'], value: string): string {
  try {
    return toContent(type, value);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Returns the changes that are needed so that `wanted` exists. The result is empty if it already exists. Throws
 * `foreign_object` if a set without our mark prevents this.
 */
export function plan(found: readonly RecordSet[], wanted: Wanted, hasComments: boolean): RecordSetChange[] {
  const { name, type, mark } = wanted;
  const here = found.filter((set) => set.name.toLowerCase() === name);
  const current = here.find((set) => set.type === type);
  if (current && isSame(current, wanted, found)) return [];
  // A CNAME cannot exist next to another set of the same name. A disabled set without a mark does not prevent the
  // change and is kept. A disabled set with a mark does prevent it, because the mark shows that another service relies
  // on the set.
  const inItsWay = here.filter((set) => {
    if (liveOf(set).length === 0) return set.type === type && marksOf(set, found).length > 0;
    return set.type === type || set.type === 'CNAME' || (type === 'CNAME' && isVisible(set));
  });
  const foreign = inItsWay.find((set) => !carries(set, mark, found));
  if (foreign)
    throw inTheWay(
      `${name} ${foreign.type} ${JSON.stringify(foreign.records.map((one) => one.content))} carries ${JSON.stringify(foreign.comments ?? [])}`,
    );
  const replaced = inItsWay.filter((set) => set.type !== type);
  const off = offOf(current).filter(({ content }) => !has(wanted.contents, type, content));
  if (type === 'CNAME' && off.length > 0)
    throw inTheWay(`${name} has an alias that is switched off, and a name may have only one alias`);
  const drop = replaced.map((set) => set.type);
  return [
    ...replaced.map((set) => withoutLive(set, name, mark)),
    {
      ...{ name, type, changetype: 'REPLACE', ttl: wanted.ttlS },
      records: [...wanted.contents.map((content) => ({ content, disabled: false })), ...off],
      ...(hasComments ? { comments: commentsWith(current, mark) } : {}),
    },
    ...(hasComments
      ? ownerChange({ name, mark, drop: [...drop, type], ttl: wanted.ttlS }, found)
      : ownerChange({ name, mark, drop, add: type, ttl: wanted.ttlS }, found)),
  ];
}

/**
 * In a set with our mark, the agent removes only the served records. Disabled records are kept, because the operator
 * who disabled them may want to enable them again.
 */
export function planRemoval(found: readonly RecordSet[], { name, type, mark }: Ours): RecordSetChange[] {
  const set = found.find((one) => one.name.toLowerCase() === name && one.type === type);
  const isOurs = set !== undefined && carries(set, mark, found);
  return [
    ...(isOurs ? [withoutLive(set, name, mark)] : []),
    ...ownerChange({ name, mark, drop: [type], ttl: 0 }, found),
  ];
}

/** Returns the change that removes the served records and the mark from a set with our mark. */
function withoutLive(set: RecordSet, name: string, mark: Mark): RecordSetChange {
  const off = offOf(set);
  if (off.length === 0) return { name, type: set.type, changetype: 'DELETE' };
  const comments = commentsWithout(set, mark);
  const hadComment = comments.length < (set.comments ?? []).length;
  return {
    ...{ name, type: set.type, changetype: 'REPLACE', ttl: set.ttl ?? 0, records: off },
    ...(hadComment ? { comments } : {}),
  };
}

/**
 * The record types that the server itself maintains. Records of these types never conflict with a record of the agent.
 */
function isVisible(set: RecordSet): boolean {
  return !['RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY'].includes(set.type);
}

function isSame(
  set: RecordSet,
  { mark, type, contents, ttlS }: Wanted,
  found: readonly RecordSet[],
): boolean {
  const values = (list: readonly string[]): string =>
    JSON.stringify([...new Set(list.map((content) => fromContent(type, content)))].sort());
  return (
    carries(set, mark, found) &&
    set.ttl === ttlS &&
    values(liveOf(set).map(({ content }) => content)) === values(contents)
  );
}

function has(contents: readonly string[], type: DnsRecord['type'], content: string): boolean {
  const value = fromContent(type, content);
  return contents.some((one) => fromContent(type, one) === value);
}

export function liveOf({ records }: RecordSet): RecordSet['records'] {
  return records.filter(({ disabled }) => disabled !== true);
}

function offOf(set: RecordSet | undefined): { content: string; disabled: boolean }[] {
  const off = (set?.records ?? []).filter(({ disabled }) => disabled === true);
  return off.map(({ content }) => ({ content, disabled: true }));
}
