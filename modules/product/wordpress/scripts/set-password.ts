/**
 * Sets the password of the site's first administrator (ADMIN_USER) to ADMIN_PASSWORD, and prints `set`, or what is
 * missing. Repeatable.
 */
import { databaseUp } from './database-up.js';

export const setPassword = String.raw`
[ -n "$ADMIN_PASSWORD" ] && [ -n "$ADMIN_USER" ] || { echo 'a password and a user are needed' >&2; exit 1; }
${databaseUp}
user="user_login = $(bytes "$ADMIN_USER")"
found=$(sql "SELECT COUNT(*) FROM $prefix""users WHERE $user")
[ "$found" != 0 ] || { echo 'no such user'; exit 0; }
# Every WordPress accepts this kind of hash, since its own class falls back to crypt(). PHP creates it without files or settings of the site.
export ADMIN_PASSWORD
hash=$(php -n -r 'echo password_hash(getenv("ADMIN_PASSWORD"), PASSWORD_BCRYPT);')
case $hash in
  '$2y$'*) ;;
  *) echo 'the password cannot be hashed' >&2; exit 1 ;;
esac
hash=$(text "$hash")
sql "UPDATE $prefix""users SET user_pass = $hash, user_activation_key = '' WHERE $user"
others=$(sql "SELECT COUNT(*) FROM $prefix""users WHERE $user AND BINARY user_pass <> BINARY $hash")
[ "$others" = 0 ] || { echo 'the site did not keep the new password' >&2; exit 1; }
echo set
`;
