/**
 * Waits for the database of a site that may have begun to boot a moment ago, and offers `sql` (runs statements on the
 * site's database), `text` (a value as SQL, whatever it holds) and `bytes` (the same for comparisons, where the
 * tables' collation is not known). Straight to the database: a plugin that breaks WordPress must not keep a site from
 * being brought up to date.
 *
 * The database is the site's too: its user may have put triggers on a table, or views in its place that call
 * functions with the rights of the caller. So `sql` connects as a user that may read and change rows of the site and
 * nothing else, and no statement takes longer than that user's limit.
 */
export const databaseUp = String.raw`
# Whoever has taken WordPress out of his site has taken its URL and administrator with it.
code=0
as_site test -s /var/www/wordpress/wp-config.php || code=$?
case $code in
  0) ;;
  1) echo 'there is no WordPress here any more'; exit 0 ;;
  *) exit "$code" ;;
esac
# It may be a pipe, or longer than any.
config=$(as_site timeout 10 head -c 100000 /var/www/wordpress/wp-config.php) || { echo 'wp-config.php cannot be read' >&2; exit 1; }
# Security plugins rename the tables.
prefix=$(printf '%s\n' "$config" | sed -n 's/^[[:space:]]*[$]table_prefix[[:space:]]*=[[:space:]]*.\([A-Za-z0-9_]*\).*/\1/p' | tail -n 1)
[ -n "$prefix" ] || prefix=wp_
tries=0
until [ -S /run/mysqld/mysqld.sock ] && mariadb -e 'SELECT 1' >/dev/null 2>&1; do
  [ "$tries" -lt 1200 ] || { echo 'the database server does not come up' >&2; exit 1; }
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
