/**
 * Which e-mail addresses of an owner a product keeps unchanged. Software that changes an address without an error sends
 * password resets to the mailbox of another person, so an address outside of the rule is refused before an order is
 * accepted.
 */

/** Every field that is absent allows everything. */
export interface OwnerEmailRule {
  /** Characters that the part before the `@` may have, beside ASCII letters and digits; for example `!#.-`. */
  readonly localPartSigns?: string;
  /** Characters of the whole address. */
  readonly minLength?: number;
  readonly maxLength?: number;
}

const ALWAYS = /^[A-Za-z0-9]$/;

/**
 * The end of a sentence that begins with "email"; undefined when the product keeps the address. `product`: its title.
 * `address`: one that `parseEmail` accepts.
 */
export function ownerEmailProblem(
  { localPartSigns, minLength, maxLength }: OwnerEmailRule,
  product: string,
  address: string,
): string | undefined {
  const changed = localPartSigns === undefined ? undefined : firstOther(address, localPartSigns);
  if (changed !== undefined)
    return `must not have "${changed}" before the @: ${product} would change it, and send mail to a different mailbox`;
  if (maxLength !== undefined && address.length > maxLength)
    return `must not be longer than ${maxLength} characters in ${product}`;
  if (minLength !== undefined && address.length < minLength)
    return `must not be shorter than ${minLength} characters in ${product}`;
  return undefined;
}

function firstOther(address: string, signs: string): string | undefined {
  const allowed = new Set(signs);
  return Array.from(address.slice(0, address.lastIndexOf('@'))).find(
    (character) => !ALWAYS.test(character) && !allowed.has(character),
  );
}
