/**
 * Installs what every WordPress container needs before its site is created: web server, PHP, database server and
 * WordPress itself. The servers are enabled and listening afterwards. The script runs in both cases: when a golden
 * template is built, and when a site is created directly from the OS template.
 */
export const installPackages = String.raw`
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# A fresh container may still be waiting for its network, and another apt may run at boot.
update() { apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update; }
tries=1
until update >/dev/null 2>&1; do
  [ "$tries" -lt 6 ] || { update >&2 || true; echo 'the package lists cannot be fetched' >&2; exit 1; }
  sleep "$tries"; tries=$((tries + 1))
done
add_packages() {
  apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold \
    --no-install-recommends install "$@" >/dev/null
}
# An interrupted earlier run.
dpkg --configure -a >/dev/null
# In two steps: once php-fpm is installed, no package requires Apache's PHP.
add_packages nginx php-fpm php-mysql php-gd php-xml php-curl php-mbstring php-intl php-zip php-bcmath mariadb-server ca-certificates openssl
add_packages php wordpress wordpress-l10n
theme=$(sed -n "s/.*'WP_DEFAULT_THEME', '\([a-z0-9-]*\)'.*/\1/p" /usr/share/wordpress/wp-includes/default-constants.php)
[ -n "$theme" ] || { echo 'the default theme of this WordPress version is not known' >&2; exit 1; }
add_packages "wordpress-theme-$theme"

# A copy that belongs to the site: its owner can update WordPress, add plugins and themes. The package's own tree stays read-only.
if [ ! -e /var/www/wordpress/wp-load.php ]; then
  rm -rf /var/www/wordpress.new
  install -d -o www-data -g www-data /var/www/wordpress.new
  # Run by the site's user: the package's tree links to a folder that this user can write, and root would follow links placed there.
  as_site cp -RL /usr/share/wordpress/. /var/www/wordpress.new
  # The package's own wp-config.php chooses a file by host name; a site here has its own. Languages are added when a site wants one: each that is
  # there is offered at every login.
  as_site rm -rf /var/www/wordpress.new/wp-config.php /var/www/wordpress.new/wp-content/languages
  as_site mkdir -p /var/www/wordpress.new/wp-content/uploads /var/www/wordpress.new/wp-content/plugins \
    /var/www/wordpress.new/wp-content/languages
  rm -rf /var/www/wordpress
  mv /var/www/wordpress.new /var/www/wordpress
fi
mkdir -p -m 0700 /var/lib/innkeeper

php=$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
rm -f "/etc/php/$php/fpm/pool.d/www.conf"
cat >"/etc/php/$php/fpm/pool.d/wordpress.conf" <<'CONF'
[wordpress]
user = www-data
group = www-data
listen = /run/php/wordpress.sock
listen.owner = www-data
listen.group = www-data
pm = ondemand
pm.max_children = 12
pm.process_idle_timeout = 120s
pm.max_requests = 500
CONF
for sapi in fpm cli; do
  cat >"/etc/php/$php/$sapi/conf.d/90-wordpress.ini" <<'CONF'
expose_php = Off
memory_limit = 256M
upload_max_filesize = 256M
post_max_size = 260M
max_execution_time = 120
max_input_vars = 5000
CONF
done
# The compiled code survives a restart and is part of a clone of the template: the first page then takes a tenth of the time.
# Not for the command line: root's PHP must not run what the site's user can write.
install -d -o www-data -g www-data -m 0700 /var/cache/wordpress-php
echo 'opcache.file_cache = /var/cache/wordpress-php' >>"/etc/php/$php/fpm/conf.d/90-wordpress.ini"

mkdir -p /etc/nginx/innkeeper
touch /etc/nginx/innkeeper/proxies.geo
listen6=
[ ! -e /proc/net/if_inet6 ] || listen6='listen [::]:80 default_server;'
cat >/etc/nginx/conf.d/wordpress.conf <<'CONF'
# Only the reverse proxy is trusted to report the visitor's address and TLS; its addresses are in innkeeper/*.conf, written per site.
geo $realip_remote_addr $from_proxy {
  default 0;
  127.0.0.1 1;
  include /etc/nginx/innkeeper/proxies.geo;
}
map "$from_proxy:$http_x_forwarded_proto" $proxied_https {
  default '';
  '1:https' on;
}
map "$scheme:$proxied_https" $site_https {
  default '';
  '~^https:' on;
  'http:on' on;
}
include /etc/nginx/innkeeper/*.conf;
CONF
cat >/etc/nginx/sites-available/wordpress <<CONF
server {
  listen 80 default_server;
  $listen6
  include snippets/wordpress.conf;
}
CONF
cat >/etc/nginx/snippets/wordpress.conf <<'CONF'
server_name _;
root /var/www/wordpress;
index index.php;
client_max_body_size 260m;
server_tokens off;
absolute_redirect off;
# WordPress lets the first visitor of an unfinished site choose its database and administrator: until the recipe has opened the site, only
# the recipe has access. The address that a proxy reports is not used, since another container could forge it.
set $closed yes;
if (-f /var/www/innkeeper-open) { set $closed ''; }
if ($realip_remote_addr = 127.0.0.1) { set $closed ''; }
if ($closed) { return 503; }
location / { try_files $uri $uri/ /index.php?$args; }
location ~ /\.(?!well-known/) { deny all; }
location ~* ^/wp-content/(?:uploads|languages)/.*\.php$ { deny all; }
location ~ \.php$ {
  try_files $uri =404;
  include fastcgi_params;
  fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
  fastcgi_param HTTPS $site_https if_not_empty;
  fastcgi_param HTTP_PROXY '';
  fastcgi_read_timeout 180s;
  fastcgi_pass unix:/run/php/wordpress.sock;
}
CONF
rm -f /etc/nginx/sites-enabled/default
ln -sf ../sites-available/wordpress /etc/nginx/sites-enabled/wordpress

cat >/etc/mysql/mariadb.conf.d/90-wordpress.cnf <<'CONF'
[mysqld]
# WordPress is in the same container, so the socket is enough.
skip-networking
skip-name-resolve
innodb_buffer_pool_dump_at_shutdown = OFF
innodb_buffer_pool_load_at_startup = OFF
CONF

# Without the search for a Galera cluster, which takes a tenth of a second at every start.
mkdir -p /etc/systemd/system/mariadb.service.d
cat >/etc/systemd/system/mariadb.service.d/wordpress.conf <<'CONF'
[Service]
ExecStart=
ExecStart=/usr/sbin/mariadbd $MYSQLD_OPTS
CONF

# Starts nginx last: while the container starts, visitors then get the reverse proxy's page instead of an error.
mkdir -p /etc/systemd/system/nginx.service.d
cat >/etc/systemd/system/nginx.service.d/wordpress.conf <<CONF
[Unit]
After=mariadb.service php$php-fpm.service
CONF

# Clones of a template have no SSH host keys: they are generated at the first boot. RSA is omitted, since it takes a second of CPU time.
cat >/etc/systemd/system/innkeeper-host-keys.service <<'CONF'
[Unit]
Description=SSH host keys of this container
ConditionPathExists=/usr/sbin/sshd
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service ssh.socket
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
ExecStart=/usr/bin/ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
[Install]
WantedBy=multi-user.target
CONF

nginx -t -q
# Useless in a container, and they delay its first second.
for unit in e2scrub_reap.service e2scrub_all.timer fstrim.timer; do
  systemctl -q mask --now "$unit" 2>/dev/null || true
  systemctl -q reset-failed "$unit" 2>/dev/null || true
done
# Each of these units mounts a folder for credentials, although none are set, and systemd handles only five mounts a second: half of all
# boots were delayed by that second.
for unit in systemd-sysctl systemd-sysusers systemd-tmpfiles-setup-dev systemd-tmpfiles-setup; do
  mkdir -p "/etc/systemd/system/$unit.service.d"
  {
    echo '[Service]'
    for key in LoadCredential SetCredential ImportCredential; do
      ! systemctl cat "$unit.service" 2>/dev/null | grep -q "^$key=" || echo "$key="
    done
  } >"/etc/systemd/system/$unit.service.d/wordpress.conf"
done
systemctl daemon-reload
systemctl -q enable innkeeper-host-keys.service nginx.service mariadb.service "php$php-fpm.service"
systemctl restart mariadb.service "php$php-fpm.service" nginx.service
`;
