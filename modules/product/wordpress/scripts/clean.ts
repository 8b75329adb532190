/**
 * The last script before a container becomes a template. First it creates and uses a temporary site. This proves that
 * the recipe works, and compiles the PHP files, so that the clones inherit the compiled code. Then the script removes
 * everything that must differ between clones or that only wastes space.
 */
import { configure } from './configure.js';

const visit = String.raw`<?php
$cookies = 'wordpress_test_cookie=WP%20Cookie%20check';
function visit(string $path, array $form = []): string {
  global $cookies;
  $header = ['Host: template.invalid', 'X-Forwarded-Proto: https', "Cookie: $cookies", 'Content-Type: application/x-www-form-urlencoded'];
  $http = ['method' => $form ? 'POST' : 'GET', 'header' => $header, 'content' => http_build_query($form), 'follow_location' => 0, 'ignore_errors' => true, 'timeout' => 60];
  file_get_contents("http://127.0.0.1$path", false, stream_context_create(['http' => $http]));
  foreach ($http_response_header as $line) {
    if (preg_match('/^Set-Cookie: ([^;]+)/i', $line, $match)) {
      $cookies .= "; $match[1]";
    }
  }
  return $http_response_header[0];
}
visit('/');
visit('/?p=1');
visit('/wp-login.php');
visit('/wp-login.php', ['log' => 'template', 'pwd' => getenv('ADMIN_PASSWORD'), 'testcookie' => '1']);
$status = visit('/wp-admin/');
if (!str_contains($status, ' 200 ')) {
  fwrite(fopen('php://stderr', 'w'), "wp-admin does not open in the template: $status\n");
  exit(1);
}
`;

export const clean = String.raw`
SITE_FQDN=template.invalid SITE_URL=https://template.invalid SITE_TITLE=Template SITE_LOCALE=en_US SITE_PORT=80 TRUSTED_PROXIES=
ADMIN_USER=template ADMIN_EMAIL=template@example.com ADMIN_PASSWORD=$(openssl rand -hex 16) DB_PASSWORD=$(openssl rand -hex 16)
(
${configure}
)
export ADMIN_PASSWORD
as_site php <<'PHP'
${visit}PHP

php=$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
systemctl stop nginx.service "php$php-fpm.service" cron.service >/dev/null 2>&1 || true

# A template never contains a site. Its empty tables stay: creating them would take every clone a second of disk time.
mariadb -N -e "SELECT CONCAT('TRUNCATE TABLE wordpress.', table_name, ';') FROM information_schema.tables WHERE table_schema = 'wordpress'" | mariadb
mariadb -e "DROP USER IF EXISTS 'wordpress'@'localhost', 'innkeeper'@'localhost'"
rm -rf /var/lib/innkeeper /var/www/innkeeper-open
as_site rm -rf /var/www/wordpress/wp-config.php /var/www/wordpress/wp-content/uploads
install -d -m 0700 /var/lib/innkeeper
as_site mkdir /var/www/wordpress/wp-content/uploads
rm -f /etc/nginx/innkeeper/*
: >/etc/nginx/innkeeper/proxies.geo
sed -i '/# innkeeper$/d' /etc/hosts || true
# A clean shutdown, so that no clone begins with a recovery.
systemctl stop mariadb.service
rm -f /var/lib/mysql/ib_buffer_pool /var/lib/mysql/*.pid /var/lib/mysql/*.err

# Identity. An empty machine-id (not a missing one) is filled at the first boot without counting as a factory reset.
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id
[ ! -d /var/lib/dbus ] || ln -s /etc/machine-id /var/lib/dbus/machine-id
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret

apt-get -q clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old
rm -rf /tmp/* /tmp/.[!.]* /var/tmp/* /root/.bash_history /root/.mysql_history /root/.mariadb_history /root/.lesshst /root/.cache
rm -rf /var/lib/dhcp/* /run/log/journal/* /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -type f -exec truncate -s 0 {} +
sync
`;
