/**
 * Which e-mail addresses WordPress keeps unchanged. It removes or rewrites other characters without an error, and
 * then sends mail to a different mailbox. Source: `sanitize_email` and `is_email` in wp-includes/formatting.php, the
 * filters of `pre_user_email` in default-filters.php (`wp_filter_kses` turns `&` into `&amp;`), and `user_email
 * varchar(100)` in wp-admin/includes/schema.php.
 */

/** Length of the whole address. WordPress treats shorter ones as missing. */
const LENGTH = { least: 6, most: 100 };
const CHANGED = /[^A-Za-z0-9!#$%'*+/=?^_`{|}~.-]/u;

/**
 * The end of a sentence that begins with "email"; undefined when WordPress keeps the address. `address` is one that
 * the agent accepts.
 */
export function emailProblem(address: string): string | undefined {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  const changed = CHANGED.exec(localPart)?.[0];
  if (changed !== undefined)
    return `must not have "${changed}" before the @: WordPress would change it, and send mail to a different mailbox`;
  if (address.length > LENGTH.most) return `must not be longer than ${LENGTH.most} characters in WordPress`;
  if (address.length < LENGTH.least)
    return `must not be shorter than ${LENGTH.least} characters in WordPress`;
  return undefined;
}
