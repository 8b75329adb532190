/**
 * Offers `as_site`: runs a command as the site's own user. An attacker who controls the site can write all of its
 * files, so root neither runs, includes, reads nor follows any of them. The command holds neither the recipe's lock
 * nor a right that it could gain back; `SITE_*`, `ADMIN_*` and `DB_PASSWORD` reach it only when they are exported.
 */
export const asSite = String.raw`
as_site() { setpriv --reuid=www-data --regid=www-data --init-groups --no-new-privs -- "$@" 9>&-; }
`;
