/** Describes a name that is not known, with a known name that resembles it. */
import { closest, distance } from 'fastest-levenshtein';

const LONGEST_NAME = 64;

export interface UnknownName {
  /** The name without unsafe characters. */
  readonly name: string;
  /** `subdomian is not known; did you mean subdomain?` */
  readonly sentence: string;
}

export function describeUnknown(sent: string, known: readonly string[]): UnknownName {
  // panels may show this text on a page, so it must not contain markup
  const name = sent.replace(/[^\x20-\x7E]|[<>]/g, '?').slice(0, LONGEST_NAME);
  const near = known.length > 0 ? closest(name, known) : undefined;
  const isNear = near !== undefined && distance(name, near) <= Math.max(1, Math.floor(near.length / 3));
  return { name, sentence: `${name} is not known${isNear ? `; did you mean ${near}?` : '.'}` };
}
