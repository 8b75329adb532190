/**
 * The beginning of every recipe. An earlier run that the agent no longer waits for may still be active in the
 * container, and a second run must not start before it has ended. The script sets its working folder and PATH itself.
 */
import { asSite } from './as-site.js';

export const alone = (body: string): string => String.raw`
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
# The container may have just started to boot: systemd then mounts a new /run over files that were created there before.
tries=0
until [ -S /run/systemd/private ]; do
  [ "$tries" -lt 600 ] || { echo 'systemd does not start in this container' >&2; exit 1; }
  sleep 0.05; tries=$((tries + 1))
done
# A folder that the site's user cannot enter, since a user who can read a file can lock it.
install -d -m 0700 /run/innkeeper
exec 9>/run/innkeeper/recipe.lock
flock -w 900 9 || { echo 'an earlier run of the recipe does not end' >&2; exit 1; }
${asSite}${body}`;
