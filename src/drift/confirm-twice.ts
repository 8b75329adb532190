/**
 * Pure rules that confirm findings. A single comparison proves nothing, so a finding counts only when a later
 * comparison confirms it and the service did not change in between.
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
  /** True for an item whose system could not be read this time. Such an item stays unchanged. */
  isUnknown(item: T): boolean;
}

/** The items by id. An item that this comparison did not find is dropped. */
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

/** True for an item that was seen by two comparisons far enough apart. */
export function counts<T>({ firstSeen, lastSeen }: Sighted<T>, apartMs: number): boolean {
  return lastSeen > firstSeen && lastSeen - firstSeen >= apartMs;
}
