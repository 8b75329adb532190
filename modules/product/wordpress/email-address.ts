/**
 * Which e-mail addresses WordPress keeps as they are. It removes or rewrites what it does not like without an error,
 * and then writes to another mailbox. Source: `sanitize_email` and `is_email` in wp-includes/formatting.php, the
 * filters of `pre_user_email` in default-filters.php (`wp_filter_kses` turns `&` into `&amp;`), and `user_email
 * varchar(100)` in wp-admin/includes/schema.php.
 */

/** Of the whole address. Shorter ones WordPress takes for none. */
const LENGTH = { least: 6, most: 100 };
const CHANGED = /[^A-Za-z0-9!#$%'*+/=?^_`{|}~.-]/u;

/**
 * The end of a sentence that begins with "email"; undefined when WordPress keeps the address. `address` is one that
 * the agent takes for one.
 */
export function emailProblem(address: string): string | undefined {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  const changed = CHANGED.exec(localPart)?.[0];
  if (changed !== undefined)
    return `must not have "${changed}" before the @: WordPress would change it, and write to another mailbox`;
  if (address.length > LENGTH.most) return `must not be longer than ${LENGTH.most} characters in WordPress`;
  if (address.length < LENGTH.least)
    return `must not be shorter than ${LENGTH.least} characters in WordPress`;
  return undefined;
}
