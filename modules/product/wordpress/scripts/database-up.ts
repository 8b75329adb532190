/**
 * Waits for the database of a site whose container may have just started to boot, and provides three functions: `sql`
 * runs statements on the site's database, `text` converts any value to SQL, and `bytes` does the same for comparisons,
 * where the collation of the tables is not known. The functions use the database without WordPress, so that changes to
 * the site work even if a plugin has broken WordPress.
 *
 * The site also controls the database: the site's database user may have added triggers to a table, or replaced a
 * table with a view that calls functions with the caller's privileges. Therefore `sql` connects as a user that can
 * only read and change rows of the site, and the statements of this user have a time limit.
 */
export const databaseUp = String.raw`
# If the customer has removed WordPress from the site, there is no URL and no administrator to change.
code=0
as_site test -s /var/www/wordpress/wp-config.php || code=$?
case $code in
  0) ;;
  1) echo 'WordPress is no longer installed here'; exit 0 ;;
  *) exit "$code" ;;
esac
# It may be a pipe, or of any length.
config=$(as_site timeout 10 head -c 100000 /var/www/wordpress/wp-config.php) || { echo 'wp-config.php cannot be read' >&2; exit 1; }
# Security plugins rename the tables.
prefix=$(printf '%s\n' "$config" | sed -n 's/^[[:space:]]*[$]table_prefix[[:space:]]*=[[:space:]]*.\([A-Za-z0-9_]*\).*/\1/p' | tail -n 1)
[ -n "$prefix" ] || prefix=wp_
tries=0
until [ -S /run/mysqld/mysqld.sock ] && mariadb -e 'SELECT 1' >/dev/null 2>&1; do
  [ "$tries" -lt 1200 ] || { echo 'the database server does not start' >&2; exit 1; }
  sleep 0.05; tries=$((tries + 1))
done
pass=$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')
mariadb <<SQL
CREATE OR REPLACE USER 'innkeeper'@'localhost' IDENTIFIED BY '$pass' WITH MAX_STATEMENT_TIME 20;
GRANT SELECT, UPDATE, DELETE ON wordpress.* TO 'innkeeper'@'localhost';
SQL
sql() {
  printf '%s;\n' "$1" | MYSQL_PWD=$pass timeout 60 mariadb --no-defaults --local-infile=0 --user=innkeeper \
    --socket=/run/mysqld/mysqld.sock --batch --skip-column-names wordpress
}
bytes() { printf "x'%s'" "$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')"; }
text() { printf 'CONVERT(%s USING utf8mb4)' "$(bytes "$1")"; }
`;
