/**
 * The rule that says which e-mail addresses of an owner a product keeps unchanged. Software that changes an address
 * without an error may send password resets to the mailbox of another person. The agent therefore refuses an address
 * that violates the rule before it accepts an order.
 */

/** A field that is absent sets no limit. */
export interface OwnerEmailRule {
  /**
   * Characters that the part before the `@` may contain in addition to ASCII letters and digits, for example `!#.-`.
   */
  readonly localPartSigns?: string;
  /** Minimum number of characters of the whole address. */
  readonly minLength?: number;
  readonly maxLength?: number;
}

const ALWAYS = /^[A-Za-z0-9]$/;

/**
 * Returns the end of a sentence that begins with "email", or undefined when the product keeps the address unchanged.
 * `product` is the title of the product, and `address` must be an address that `parseEmail` accepts.
 */
export function ownerEmailProblem(
  { localPartSigns, minLength, maxLength }: OwnerEmailRule,
  product: string,
  address: string,
): string | undefined {
  const changed = localPartSigns === undefined ? undefined : firstOther(address, localPartSigns);
  if (changed !== undefined)
    return (
      `must not have "${changed}" before the @: ${product} would change the address and send mail to ` +
      'a different mailbox'
    );
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
