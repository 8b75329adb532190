/** Gives the site and its first administrator (ADMIN_USER, if there still is one) the address ADMIN_EMAIL. Repeatable. */
import { databaseUp } from './database-up.js';

export const setEmail = String.raw`
[ -n "$ADMIN_EMAIL" ] && [ -n "$ADMIN_USER" ] || { echo 'an address and a user are needed' >&2; exit 1; }
${databaseUp}
email=$(text "$ADMIN_EMAIL")
sql "UPDATE $prefix""options SET option_value = $email WHERE option_name = 'admin_email';
DELETE FROM $prefix""options WHERE option_name IN ('new_admin_email', 'adminhash');
UPDATE $prefix""users SET user_email = $email WHERE user_login = $(bytes "$ADMIN_USER")"
`;
