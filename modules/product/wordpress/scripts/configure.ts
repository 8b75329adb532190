/**
 * Installs the site of a container: identity, database user, wp-config, WordPress's own installer, and a check of the
 * page. Takes SITE_FQDN, SITE_URL, SITE_TITLE, SITE_LOCALE, SITE_PORT, TRUSTED_PROXIES, ADMIN_USER, ADMIN_EMAIL,
 * ADMIN_PASSWORD, DB_PASSWORD.
 */
import { installSitePhp } from './install-site-php.js';

export const configure = String.raw`
case $DB_PASSWORD in
  '' | *[!A-Za-z0-9]*) echo 'the database password may hold letters and digits only' >&2; exit 1 ;;
esac
[ -s /etc/machine-id ] || systemd-machine-id-setup >/dev/null
if [ -x /usr/sbin/sshd ] && [ ! -e /etc/ssh/ssh_host_ed25519_key ]; then
  systemctl --no-block start innkeeper-host-keys.service
fi

# WordPress sends requests to its own name, which must resolve to this container at once and without DNS. The first line takes precedence.
if ! grep -qxF "127.0.0.1 $SITE_FQDN # innkeeper" /etc/hosts; then
  { echo "127.0.0.1 $SITE_FQDN # innkeeper"; sed '/# innkeeper$/d' /etc/hosts; } >/etc/hosts.new
  cat /etc/hosts.new >/etc/hosts
  rm -f /etc/hosts.new
fi

# These requests (wp-cron, the editor, site health) use TLS; only this loopback server handles it.
reload=
dir=/etc/nginx/innkeeper
if [ ! -s $dir/loopback.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7300 -subj /CN=localhost \
    -keyout $dir/loopback.key.new -out $dir/loopback.crt 2>/dev/null
  mv $dir/loopback.key.new $dir/loopback.key
fi
{
  echo 'real_ip_header X-Forwarded-For; real_ip_recursive on;'
  for network in $TRUSTED_PROXIES; do echo "set_real_ip_from $network;"; done
  echo "server { listen 127.0.0.1:443 ssl; ssl_certificate $dir/loopback.crt; ssl_certificate_key $dir/loopback.key; include snippets/wordpress.conf; }"
} >$dir/site.conf.new
for network in $TRUSTED_PROXIES; do echo "$network 1;"; done >$dir/proxies.geo.new
for file in site.conf proxies.geo; do
  cmp -s $dir/$file.new $dir/$file || reload=yes
  mv $dir/$file.new $dir/$file
done

# The server responds before systemd considers its unit started.
systemctl --no-block start mariadb.service
tries=0
until [ -S /run/mysqld/mysqld.sock ] && mariadb -e 'SELECT 1' >/dev/null 2>&1; do
  [ "$tries" -lt 1200 ] || { echo 'the database server does not start' >&2; exit 1; }
  sleep 0.05; tries=$((tries + 1))
done
# The state file shows what an interrupted run left: only an unfinished site is dropped and started again.
state=$(cat /var/lib/innkeeper/wordpress 2>/dev/null || true)
[ "$state" != installing ] || mariadb -e 'DROP DATABASE IF EXISTS wordpress'
[ "$state" = installed ] || echo installing >/var/lib/innkeeper/wordpress
durable() { mariadb -e 'SET GLOBAL innodb_flush_log_at_trx_commit = 1; FLUSH ENGINE LOGS'; }
trap durable EXIT
mariadb <<SQL
SET GLOBAL innodb_flush_log_at_trx_commit = 0;
CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
CREATE OR REPLACE USER 'wordpress'@'localhost' IDENTIFIED BY '$DB_PASSWORD';
GRANT ALL ON wordpress.* TO 'wordpress'@'localhost';
SQL

if [ -n "$reload" ]; then
  nginx -t -q
  systemctl --no-block reload-or-restart nginx.service
fi
export SITE_FQDN SITE_URL SITE_TITLE SITE_LOCALE SITE_PORT ADMIN_USER ADMIN_EMAIL ADMIN_PASSWORD DB_PASSWORD
# Its output goes to a file: a process that the site leaves running must not keep this script's output open.
said=/run/innkeeper/recipe.said
code=0
as_site php -d opcache.enable_cli=1 -d opcache.file_cache_only=1 -d opcache.file_cache=/var/cache/wordpress-php >$said 2>&1 <<'PHP' || code=$?
${installSitePhp}PHP
[ "$code" = 0 ] || { tail -c 4000 $said >&2; exit "$code"; }
durable
trap - EXIT
echo installed >/var/lib/innkeeper/wordpress
sync /var/lib/innkeeper/wordpress /etc/hosts
as_site sync /var/www/wordpress/wp-config.php
# Opens the site for visitors (see install-packages.ts).
: >/var/www/innkeeper-open
sync /var/www/innkeeper-open
`;
