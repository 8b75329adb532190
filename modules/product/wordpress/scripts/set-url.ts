/** Makes SITE_URL the URL of the site, and lets its calls of its own name (SITE_FQDN and the URL's) stay in the container. Repeatable. */
import { databaseUp } from './database-up.js';

export const setUrl = String.raw`
host=${'$'}{SITE_URL#https://}
case $host in
  '' | *[!a-z0-9.-]*) echo 'the URL of a site is https:// and a name' >&2; exit 1 ;;
esac
names=$SITE_FQDN
[ "$host" = "$SITE_FQDN" ] || names="$names $host"
if ! grep -qxF "127.0.0.1 $names # innkeeper" /etc/hosts; then
  { echo "127.0.0.1 $names # innkeeper"; sed '/# innkeeper$/d' /etc/hosts; } >/etc/hosts.new
  cat /etc/hosts.new >/etc/hosts
  rm -f /etc/hosts.new
fi
${databaseUp}
sql "UPDATE $prefix""options SET option_value = $(text "$SITE_URL") WHERE option_name IN ('siteurl', 'home')"
found=$(sql "SELECT option_value FROM $prefix""options WHERE option_name = 'home'")
[ "$found" = "$SITE_URL" ] || { echo "the site's URL is $found, not $SITE_URL" >&2; exit 1; }
sync /etc/hosts
`;
