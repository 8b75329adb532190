/**
 * Reads the request header `Prefer` (RFC 7240): how long the caller wants to wait, and whether the agent should refuse
 * a request that it cannot execute at once.
 */

export interface Preference {
  /** How long to wait for a job to end, in ms. Undefined if the header does not contain it. */
  readonly waitMs: number | undefined;
  /** True for `handling=strict`: a request that cannot be executed immediately is refused. */
  readonly strict: boolean;
  /** Returns the header `Preference-Applied` for a response. `ended` is true if the job has ended. */
  applied(ended: boolean): string | undefined;
}

/** The longest wait in seconds. Panels give up after 25 s. */
const MOST_WAIT_S = 20;

/** Ignores unknown preferences, as the RFC requires. If a preference is given twice, the first one is used. */
export function readPrefer(header: string | string[] | undefined): Preference {
  const sent = new Map<string, string>();
  for (const part of (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',')) {
    const [, name = '', value = ''] =
      /^\s*([A-Za-z-]+)\s*(?:=\s*"?([^";]*?)"?\s*)?(?:;.*)?$/.exec(part) ?? [];
    if (name !== '' && !sent.has(name.toLowerCase())) sent.set(name.toLowerCase(), value);
  }
  const asynchronous = sent.has('respond-async');
  const waitS = /^\d{1,6}$/.test(sent.get('wait') ?? '')
    ? Math.min(Number(sent.get('wait')), MOST_WAIT_S)
    : undefined;
  return {
    strict: sent.get('handling')?.toLowerCase() === 'strict',
    waitMs: waitS === undefined ? (asynchronous ? 0 : undefined) : waitS * 1000,
    applied(ended) {
      const names = [
        ...(asynchronous && !ended ? ['respond-async'] : []),
        ...(waitS === undefined ? [] : [`wait=${waitS}`]),
      ];
      return names.length > 0 ? names.join(', ') : undefined;
    },
  };
}
