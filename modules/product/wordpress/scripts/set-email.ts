/**
 * Sets the address of the site and of its first administrator (ADMIN_USER, if it still exists) to ADMIN_EMAIL, and
 * reads it back. Repeatable.
 */
import { databaseUp } from './database-up.js';

export const setEmail = String.raw`
[ -n "$ADMIN_EMAIL" ] && [ -n "$ADMIN_USER" ] || { echo 'an address and a user are needed' >&2; exit 1; }
${databaseUp}
email=$(text "$ADMIN_EMAIL")
option="option_name = 'admin_email'"
user="user_login = $(bytes "$ADMIN_USER")"
sql "UPDATE $prefix""options SET option_value = $email WHERE $option;
DELETE FROM $prefix""options WHERE option_name IN ('new_admin_email', 'adminhash');
UPDATE $prefix""users SET user_email = $email WHERE $user"
others=$(sql "SELECT (SELECT COUNT(*) FROM $prefix""options WHERE $option AND BINARY option_value <> BINARY $email)
+ (SELECT COUNT(*) FROM $prefix""users WHERE $user AND BINARY user_email <> BINARY $email)")
[ "$others" = 0 ] || { echo 'the site did not keep the new e-mail address' >&2; exit 1; }
`;
