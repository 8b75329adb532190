/**
 * The beginning of every script. The image is not known, so only what every system has is used. An earlier run that the
 * agent no longer waits for may still be active, so a run waits until it has ended.
 */
export const preamble = String.raw`
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
umask 077
has() { command -v "$1" >/dev/null 2>&1; }
# While systemd boots, it mounts a new /run over files that were created there before.
tries=0
while has systemctl && ! [ -S /run/systemd/private ]; do
  [ "$tries" -lt 300 ] || { echo 'systemd does not start in this container' >&2; exit 1; }
  sleep 0.1; tries=$((tries + 1))
done
mkdir -p -m 0700 /run/innkeeper
if has flock; then
  exec 9>/run/innkeeper/recipe.lock
  tries=0
  until flock -n 9; do
    [ "$tries" -lt 900 ] || { echo 'an earlier run does not end' >&2; exit 1; }
    sleep 1; tries=$((tries + 1))
  done
fi
`;
