/** Gives the site's first administrator (ADMIN_USER) the password ADMIN_PASSWORD, and says `set`, or what is missing. Repeatable. */
import { databaseUp } from './database-up.js';

export const setPassword = String.raw`
[ -n "$ADMIN_PASSWORD" ] && [ -n "$ADMIN_USER" ] || { echo 'a password and a user are needed' >&2; exit 1; }
${databaseUp}
user="user_login = $(bytes "$ADMIN_USER")"
[ "$(sql "SELECT COUNT(*) FROM $prefix""users WHERE $user")" != 0 ] || { echo 'no such user'; exit 0; }
# Every WordPress knows this kind of hash, and puts its own in the place of it at the next login.
export ADMIN_PASSWORD
hash=$(cd /var/www/wordpress && php -r 'require "wp-includes/class-phpass.php"; echo (new PasswordHash(8, true))->HashPassword(getenv("ADMIN_PASSWORD"));')
case $hash in
  '$P$'*) ;;
  *) echo 'the password cannot be hashed' >&2; exit 1 ;;
esac
printf "UPDATE %susers SET user_pass = %s, user_activation_key = '' WHERE %s;\n" "$prefix" "$(text "$hash")" "$user" | mariadb wordpress
echo set
`;
