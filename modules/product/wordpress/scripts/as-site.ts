/**
 * Offers `as_site`: runs a command as the site's own user. An attacker who controls the site can write all of its
 * files. Therefore root must not run, include or read any of these files, nor follow a link among them. The command
 * does not hold the recipe's lock and cannot regain privileges. It gets `SITE_*`, `ADMIN_*` and `DB_PASSWORD` only if
 * they are exported.
 */
export const asSite = String.raw`
as_site() { setpriv --reuid=www-data --regid=www-data --init-groups --no-new-privs -- "$@" 9>&-; }
`;
