/**
 * Makes a new server reachable: sets root's password (ROOT_PASSWORD) and public keys (SSH_KEYS, one in each line), and
 * starts the SSH server. Without keys, root can log in with the password. Works on systemd and OpenRC. Repeatable.
 */
import { preamble } from './preamble.js';

export const setUp = String.raw`${preamble}
[ -n "$ROOT_PASSWORD" ] || { echo 'a password is needed' >&2; exit 1; }

if ! has sshd; then
  if has apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 apt-get -q update && timeout 600 apt-get -qy --no-install-recommends install openssh-server
  elif has dnf; then timeout 600 dnf -qy install openssh-server
  elif has apk; then timeout 600 apk add --quiet openssh-server openssh-keygen openssh-sftp-server
  elif has zypper; then timeout 600 zypper -qn install openssh-server
  elif has pacman; then timeout 600 pacman -Sy --noconfirm openssh
  fi 9>&- || true
  has sshd || { echo 'this image has no SSH server, and it could not be installed' >&2; exit 1; }
fi

if [ -n "$SSH_KEYS" ]; then
  login=prohibit-password
  mkdir -p /root/.ssh
  chmod 0700 /root/.ssh
  printf '%s\n' "$SSH_KEYS" >/root/.ssh/authorized_keys.new
  chmod 0600 /root/.ssh/authorized_keys.new
  mv /root/.ssh/authorized_keys.new /root/.ssh/authorized_keys
else
  login=yes
fi
printf 'root:%s\n' "$ROOT_PASSWORD" | chpasswd

# The first value of a setting counts, so these lines are at the beginning of the file, before any included file.
config=/etc/ssh/sshd_config
sed '/^# innkeeper begin$/,/^# innkeeper end$/d' "$config" >"$config.rest"
{
  printf '# innkeeper begin\nPermitRootLogin %s\n' "$login"
  [ "$login" != yes ] || echo 'PasswordAuthentication yes'
  printf '# innkeeper end\n'
  cat "$config.rest"
} >"$config.new"
chmod 0600 "$config.new"
mv "$config.new" "$config"
rm -f "$config.rest"
ssh-keygen -A >/dev/null

start() {
  if has systemctl; then
    for unit in ssh sshd; do
      systemctl cat "$unit.service" >/dev/null 2>&1 || continue
      systemctl --quiet enable "$unit.service" && systemctl restart "$unit.service"
      return
    done
    return 1
  fi
  # the lock must not be held by the server
  rc-update --quiet add sshd default && rc-service --quiet sshd restart 9>&-
}
# 0016 is port 22, and 0A is the state LISTEN
listens() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':0016 [0-9A-F]*:0000 0A'; }

# the system may still be booting
tries=0
until start >/dev/null 2>&1 && listens; do
  [ "$tries" -lt 60 ] || { start || true; echo 'the SSH server does not start' >&2; exit 1; }
  sleep 1; tries=$((tries + 1))
done
# some releases print the former name of prohibit-password
found=$(sshd -T 2>/dev/null | sed -n 's/^permitrootlogin //p' | sed 's/^without-password$/prohibit-password/')
[ "$found" = "$login" ] ||
  { echo "the SSH server has PermitRootLogin $found, expected $login" >&2; exit 1; }
echo ready
`;
