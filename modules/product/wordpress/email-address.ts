/**
 * Which e-mail addresses WordPress keeps unchanged. It removes or rewrites other characters without an error, and
 * then sends mail to a different mailbox. Source: `sanitize_email` and `is_email` in wp-includes/formatting.php, the
 * filters of `pre_user_email` in default-filters.php (`wp_filter_kses` turns `&` into `&amp;`), and `user_email
 * varchar(100)` in wp-admin/includes/schema.php.
 */
import type { OwnerEmailRule } from '../../../src/model/owner-email.js';

/** WordPress treats shorter addresses as missing. */
export const ownerEmail: OwnerEmailRule = {
  localPartSigns: "!#$%'*+/=?^_`{|}~.-",
  minLength: 6,
  maxLength: 100,
};
