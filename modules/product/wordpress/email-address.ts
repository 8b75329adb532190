/**
 * Defines which e-mail addresses WordPress stores unchanged. WordPress removes or rewrites all other characters
 * without reporting an error, and then sends mail to a different mailbox. Source: `sanitize_email` and `is_email` in
 * wp-includes/formatting.php, the filters of `pre_user_email` in default-filters.php (`wp_filter_kses` turns `&` into
 * `&amp;`), and `user_email varchar(100)` in wp-admin/includes/schema.php.
 */
import type { OwnerEmailRule } from '../../../src/model/owner-email.js';

/** If an address is shorter, WordPress behaves as if there were no address. */
export const ownerEmail: OwnerEmailRule = {
  localPartSigns: "!#$%'*+/=?^_`{|}~.-",
  minLength: 6,
  maxLength: 100,
};
