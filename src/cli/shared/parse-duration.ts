/** Parses durations: `12h`, `90d`, `2w`, `1y`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Returns undefined if the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,4})([hdwy])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNIT_MS[unit] ?? 0);
}

/**
 * If the text is a duration, returns the current time minus this duration. If the text is a timestamp (RFC 3339),
 * returns the timestamp. Otherwise returns undefined.
 */
export function agoOf(text: string, now: number): string | undefined {
  const span = parseDuration(text);
  const at = span === undefined ? Date.parse(text) : now - span;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
