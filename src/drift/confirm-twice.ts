/**
 * Pure rules that confirm findings. A single comparison may see a change that is in progress. A finding is therefore
 * confirmed only when a later comparison finds it again and the service did not change in between.
 */

export interface Sighted<T> {
  readonly item: T;
  /** Changes with every change of the service. */
  readonly version: string;
  /** Epoch ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface Look<T> {
  /** Epoch ms. */
  readonly at: number;
  readonly items: readonly { readonly item: T; readonly version: string }[];
  /** True for an item whose system could not be read in this comparison. Such an item is kept unchanged. */
  isUnknown(item: T): boolean;
}

/**
 * Combines the items that are known with those of a new comparison, by id. An item that the new comparison did not find
 * is dropped.
 */
export function confirmTwice<T extends { readonly id: string }>(
  before: ReadonlyMap<string, Sighted<T>>,
  look: Look<T>,
): Map<string, Sighted<T>> {
  const after = new Map<string, Sighted<T>>();
  for (const [id, known] of before) if (look.isUnknown(known.item)) after.set(id, known);
  for (const { item, version } of look.items) {
    const known = before.get(item.id);
    const firstSeen = known && known.version === version ? known.firstSeen : look.at;
    after.set(item.id, { item, version, firstSeen, lastSeen: look.at });
  }
  return after;
}

/** Whether the item is confirmed: two comparisons with at least `apartMs` between them have found it. */
export function counts<T>({ firstSeen, lastSeen }: Sighted<T>, apartMs: number): boolean {
  return lastSeen > firstSeen && lastSeen - firstSeen >= apartMs;
}
