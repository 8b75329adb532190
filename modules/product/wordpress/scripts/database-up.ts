/**
 * Waits for the database of a site that may have begun to boot a moment ago, and offers `sql` (runs statements on the site's database), `text` (a
 * value as SQL, whatever it holds) and `bytes` (the same for comparisons, where the tables' collation is not known). Straight to the database: a plugin that breaks WordPress must not keep a site from being brought up to date.
 */
export const databaseUp = String.raw`
# Whoever has taken WordPress out of his site has taken its URL and administrator with it.
[ -s /var/www/wordpress/wp-config.php ] || { echo 'there is no WordPress here any more'; exit 0; }
tries=0
until [ -S /run/mysqld/mysqld.sock ] && mariadb -e 'SELECT 1' >/dev/null 2>&1; do
  [ "$tries" -lt 1200 ] || { echo 'the database server does not come up' >&2; exit 1; }
  sleep 0.05; tries=$((tries + 1))
done
# Security plugins rename the tables.
prefix=$(sed -n 's/^[[:space:]]*[$]table_prefix[[:space:]]*=[[:space:]]*.\([A-Za-z0-9_]*\).*/\1/p' /var/www/wordpress/wp-config.php | tail -n 1)
[ -n "$prefix" ] || prefix=wp_
sql() { mariadb --batch --skip-column-names wordpress -e "$1"; }
bytes() { printf "x'%s'" "$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')"; }
text() { printf 'CONVERT(%s USING utf8mb4)' "$(bytes "$1")"; }
`;
