/**
 * What every recipe begins with. A run that the agent has given up on may still be going in the container, and its
 * second run must not overlap with it. The script sets its working folder and PATH itself.
 */
import { asSite } from './as-site.js';

export const alone = (body: string): string => String.raw`
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
# The container may have begun to boot a moment ago: systemd mounts a /run of its own over what was made there before.
tries=0
until [ -S /run/systemd/private ]; do
  [ "$tries" -lt 600 ] || { echo 'systemd does not come up in this container' >&2; exit 1; }
  sleep 0.05; tries=$((tries + 1))
done
# A folder that the site's user cannot enter: who may read a file may lock it.
install -d -m 0700 /run/innkeeper
exec 9>/run/innkeeper/recipe.lock
flock -w 900 9 || { echo 'an earlier run of the recipe does not end' >&2; exit 1; }
${asSite}${body}`;
