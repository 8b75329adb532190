/**
 * Gives the site's first administrator (ADMIN_USER) the password ADMIN_PASSWORD, and says `set`, or what is missing.
 * Repeatable.
 */
import { databaseUp } from './database-up.js';

export const setPassword = String.raw`
[ -n "$ADMIN_PASSWORD" ] && [ -n "$ADMIN_USER" ] || { echo 'a password and a user are needed' >&2; exit 1; }
${databaseUp}
user="user_login = $(bytes "$ADMIN_USER")"
found=$(sql "SELECT COUNT(*) FROM $prefix""users WHERE $user")
[ "$found" != 0 ] || { echo 'no such user'; exit 0; }
# Every WordPress knows this kind of hash: crypt() is what its own class falls back to. PHP itself makes it, without a file of the site's or a setting.
export ADMIN_PASSWORD
hash=$(php -n -r 'echo password_hash(getenv("ADMIN_PASSWORD"), PASSWORD_BCRYPT);')
case $hash in
  '$2y$'*) ;;
  *) echo 'the password cannot be hashed' >&2; exit 1 ;;
esac
hash=$(text "$hash")
sql "UPDATE $prefix""users SET user_pass = $hash, user_activation_key = '' WHERE $user"
others=$(sql "SELECT COUNT(*) FROM $prefix""users WHERE $user AND BINARY user_pass <> BINARY $hash")
[ "$others" = 0 ] || { echo 'the site keeps another password than the one it was given' >&2; exit 1; }
echo set
`;
