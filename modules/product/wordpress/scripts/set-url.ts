/**
 * Sets the URL of the site to SITE_URL. Makes the site respond at each name in SITE_NAMES, with that name in its links
 * (see install-site-php.ts). Requests of the site to its own names (SITE_FQDN, the name in the URL, and LOCAL_NAMES)
 * do not leave the container. Repeatable.
 */
import { databaseUp } from './database-up.js';

export const setUrl = String.raw`
host=${'$'}{SITE_URL#https://}
case $host in
  '' | *[!a-z0-9.-]*) echo 'the URL of a site is https:// and a name' >&2; exit 1 ;;
esac
case "$SITE_NAMES$LOCAL_NAMES" in
  *[!a-z0-9.\ -]*) echo 'names are letters, digits, hyphens and dots' >&2; exit 1 ;;
esac
names=$SITE_FQDN
for name in $host $LOCAL_NAMES; do
  case " $names " in *" $name "*) ;; *) names="$names $name" ;; esac
done
if ! grep -qxF "127.0.0.1 $names # innkeeper" /etc/hosts; then
  { echo "127.0.0.1 $names # innkeeper"; sed '/# innkeeper$/d' /etc/hosts; } >/etc/hosts.new
  cat /etc/hosts.new >/etc/hosts
  rm -f /etc/hosts.new
fi
${databaseUp}
url=$(text "$SITE_URL")
options="option_name IN ('siteurl', 'home')"
sql "UPDATE $prefix""options SET option_value = $url WHERE $options"
kept=$(sql "SELECT COUNT(*) FROM $prefix""options WHERE $options AND BINARY option_value = BINARY $url")
[ "$kept" = 2 ] || { echo "the site did not keep the URL $SITE_URL" >&2; exit 1; }
for name in $SITE_NAMES; do echo "$name"; done >/var/www/innkeeper-names.new
chmod 0644 /var/www/innkeeper-names.new
mv /var/www/innkeeper-names.new /var/www/innkeeper-names
sync /etc/hosts /var/www/innkeeper-names
`;
