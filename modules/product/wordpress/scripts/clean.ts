/** The last script before a container becomes a template: takes out whatever must not be the same in every clone, and what only costs room. */
export const clean = String.raw`
php=$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
systemctl stop nginx.service "php$php-fpm.service" cron.service >/dev/null 2>&1 || true

# A template never holds a site.
mariadb -e "DROP DATABASE IF EXISTS wordpress; DROP USER IF EXISTS 'wordpress'@'localhost';"
rm -rf /var/lib/innkeeper /var/www/wordpress/wp-config.php /var/www/wordpress/wp-content/uploads
install -d -m 0700 /var/lib/innkeeper
install -d -o www-data -g www-data /var/www/wordpress/wp-content/uploads
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
