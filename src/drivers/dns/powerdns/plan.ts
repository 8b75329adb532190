/** What has to change at the server so that a record of ours stands, or is gone: pure, from what was found there. */
import type { Mark } from '../../../kernel/mark.js';
import type { DnsRecord } from '../contract.js';
import { failed, inTheWay, type RecordSet, type RecordSetChange } from './client.js';
import { carries, commentsWith, commentsWithout, marksOf, ownerChange } from './marks.js';
import { fromContent, toContent } from './values.js';

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
 * What has to change so that `wanted` stands; nothing when it does already. Throws `foreign_object` for what is not
 * ours.
 */
export function plan(found: readonly RecordSet[], wanted: Wanted, hasComments: boolean): RecordSetChange[] {
  const { name, type, mark } = wanted;
  const here = found.filter((set) => set.name.toLowerCase() === name);
  const current = here.find((set) => set.type === type);
  if (current && isSame(current, wanted, found)) return [];
  // A CNAME tolerates nothing beside it. What is switched off is in nobody's way, and stays; but a mark says that
  // somebody relies on it.
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
    throw inTheWay(`${name} has an alias that is switched off, and may only have one`);
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
 * Ours is what is served of a set with our mark: records in it that are switched off are somebody's who wants them
 * back.
 */
export function planRemoval(found: readonly RecordSet[], { name, type, mark }: Ours): RecordSetChange[] {
  const set = found.find((one) => one.name.toLowerCase() === name && one.type === type);
  const isOurs = set !== undefined && carries(set, mark, found);
  return [
    ...(isOurs ? [withoutLive(set, name, mark)] : []),
    ...ownerChange({ name, mark, drop: [type], ttl: 0 }, found),
  ];
}

/** Takes the served records and the mark out of a set of ours. */
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

/** Sets that the server keeps for itself do not clash. */
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
