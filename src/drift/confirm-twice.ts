/**
 * One look is no proof: what is found counts when a later look found the same, and nothing of the service had changed
 * in between. Pure.
 */

export interface Sighted<T> {
  readonly item: T;
  /** Changes with the service it is about. */
  readonly version: string;
  /** Epoch ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface Look<T> {
  /** Epoch ms. */
  readonly at: number;
  readonly items: readonly { readonly item: T; readonly version: string }[];
  /** What could not be looked at this time: it stays as it was. */
  isUnknown(item: T): boolean;
}

/** By id. What an earlier look had found and this one did not is gone. */
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

/** Seen by two looks that were far enough apart. */
export function counts<T>({ firstSeen, lastSeen }: Sighted<T>, apartMs: number): boolean {
  return lastSeen > firstSeen && lastSeen - firstSeen >= apartMs;
}
