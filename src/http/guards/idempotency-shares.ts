/** Limits the stored responses for `Idempotency-Key` per token, so that no token fills the disk. */
import type { RememberedCall } from '../../state/contract.js';

export interface Share {
  readonly answers: number;
  readonly bytes: number;
}

export const MOST_REMEMBERED: Share = { answers: 10_000, bytes: 16_777_216 };
/** The size of a stored document without the body of the response. */
const FRAME_BYTES = 1_024;

export interface Shares {
  /** Counts a stored response. Returns the IDs of the token's oldest responses that must be removed to make space. */
  keep(token: string, id: string, bodyBytes: number): string[];
  forget(id: string): void;
}

interface Kept {
  readonly token: string;
  readonly bytes: number;
}

/** @param known the responses that are on the disk at the start */
export function idempotencyShares(known: readonly RememberedCall[], most: Share = MOST_REMEMBERED): Shares {
  /** Per token, oldest first. */
  const byToken = new Map<string, Map<string, Kept>>();
  const byId = new Map<string, Kept>();
  const bytesOf = new Map<string, number>();

  const forget = (id: string): void => {
    const kept = byId.get(id);
    if (!kept) return;
    byId.delete(id);
    const own = byToken.get(kept.token);
    own?.delete(id);
    bytesOf.set(kept.token, (bytesOf.get(kept.token) ?? 0) - kept.bytes);
    if (own?.size !== 0) return;
    byToken.delete(kept.token);
    bytesOf.delete(kept.token);
  };
  const add = (token: string, id: string, bodyBytes: number): void => {
    forget(id);
    const kept = { token, bytes: bodyBytes + FRAME_BYTES };
    byId.set(id, kept);
    byToken.set(token, (byToken.get(token) ?? new Map<string, Kept>()).set(id, kept));
    bytesOf.set(token, (bytesOf.get(token) ?? 0) + kept.bytes);
  };
  for (const call of [...known].sort((a, b) => a.createdAt.localeCompare(b.createdAt)))
    if (call.answer) add(call.token ?? '', call.id, call.answer.body.reveal().length);

  return {
    forget,
    keep(token, id, bodyBytes) {
      add(token, id, bodyBytes);
      const gone: string[] = [];
      for (const oldest of byToken.get(token)?.keys() ?? []) {
        const { size } = byToken.get(token) ?? { size: 0 };
        if (oldest === id || (size <= most.answers && (bytesOf.get(token) ?? 0) <= most.bytes)) break;
        forget(oldest);
        gone.push(oldest);
      }
      return gone;
    },
  };
}
