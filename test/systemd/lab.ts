/**
 * What the runbook finds where it begins: a bare Debian with the sandbox's look-alike of Proxmox VE, PowerDNS and
 * nginx at the places where the page looks for the real ones, and the files that its reader has.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { bring, type Machine, put, startBareMachine } from './machine.js';

const LAB = '/opt/lab';
const WORLD = '/var/lib/world';
/** As the page has them; the others are anywhere. */
const PORTS = {
  ...{ pve: 8006, 'powerdns-api': 8081, http: 80, https: 443, 'proxy-status': 8079 },
  ...{ control: 20_001, 'ssh-pve1': 22_001, 'ssh-pve2': 22_002, 'ssh-pve3': 22_003, dns: 5300 },
};
/** The look-alike begins with a template on each node; the page makes its own. */
const TEMPLATES = [9001, 9002, 9003];

/** The look-alike's own values and the reader's, in the place of the page's; each must occur on the page. */
export const VALUES: readonly (readonly [page: string, here: string])[] = [
  ['sites.example.net', 'sandbox.test'],
  ['local-lvm', 'local-btrfs'],
  // its certificate authority is none that the world knows
  ['door: { address: 127.0.0.1 }', `door: { address: 127.0.0.1, ca_file: /etc/ssl/lab-ca.pem }`],
];

export interface Lab extends Machine {
  /** Of the sandbox's control endpoint; see docs/sandbox.md. */
  control(method: string, path: string, body?: object): Promise<string>;
  /** What a person pastes at `stdin=NAME`. */
  readonly typed: Readonly<Record<string, string>>;
}

export async function startLab(t: Test): Promise<Lab> {
  const machine = await startBareMachine(t, prepare);
  await machine.sh(`
echo '127.0.0.1 pve1' >>/etc/hosts
# no session of systemd's for each log-in: logind takes long in a container
sed -i '/pam_systemd/d' /etc/pam.d/common-session
systemctl start ssh
cd ${LAB}
mkdir -p node-v20.20.2-linux-x64/bin
ln node node-v20.20.2-linux-x64/bin/node
tar -cf /root/node-v20.20.2-linux-x64.tar.gz node-v20.20.2-linux-x64
(cd /root && sha256sum node-v20.20.2-linux-x64.tar.gz >SHASUMS256.txt)
tar -C ${LAB}/release -cf /root/innkeeper.tar.gz dist systemd config docs
mkdir -p /var/lib/innkeeper-proxy /etc/nginx/conf.d /etc/nginx/sites-enabled ${WORLD}
ln -s /var/lib/innkeeper-proxy ${WORLD}/proxy
systemd-run -q --unit=world -p StandardOutput=file:/run/world.json ${LAB}/node ${LAB}/release/dist/src/innkeeper.cjs sandbox --world --state ${WORLD} --json --port 8080
until grep -qs '"ready":true' /run/world.json; do
  systemctl is-active -q world || { journalctl -u world --no-pager >&2; exit 1; }
  sleep 0.2
done
install -m 644 ${WORLD}/ca/ca.pem /etc/ssl/lab-ca.pem
cat ${WORLD}/ca/ca.pem >>/etc/ssl/certs/ca-certificates.crt
cp ${WORLD}/ca/proxy.pem /root/fullchain.pem
cp ${WORLD}/ca/proxy.key /root/privkey.pem
`);
  const control: Lab['control'] = (method, path, body) =>
    machine.sh(
      `curl -sSf -X ${method} ${body ? `-d '${JSON.stringify(body)}'` : ''} http://127.0.0.1:${PORTS.control}${path}`,
    );
  for (const vmid of TEMPLATES) await control('DELETE', `/containers/${vmid}`);
  const secret = (name: string): Promise<string> =>
    readFile(join(machine.root, WORLD, 'secrets', name), 'utf8');
  const typed = { 'proxmox-token': await secret('pve-token'), 'dns-key': await secret('powerdns-api-key') };
  return { ...machine, control, typed };
}

async function prepare(root: string): Promise<void> {
  await mkdir(join(root, LAB), { recursive: true });
  await cp(process.execPath, join(root, LAB, 'node'));
  await bring(join(root, LAB, 'release'));
  await mkdir(join(root, WORLD), { recursive: true });
  await writeFile(join(root, WORLD, 'ports.json'), JSON.stringify(PORTS));
  const place = { root };
  await put(place, '/usr/sbin/pct', PCT, 0o755);
  await put(place, '/usr/sbin/nginx', NGINX, 0o755);
}

/** Proxmox's pct, as far as innkeeper-exec calls it: the look-alike of pve1 does the work. */
const PCT = `#!/bin/sh
exec ssh -q -i ${WORLD}/ssh/client_key -p ${PORTS['ssh-pve1']} -o UserKnownHostsFile=${WORLD}/ssh/known_hosts root@127.0.0.1 "pct $*"
`;

/** The sandbox's command knows no -q. */
const NGINX = `#!/bin/sh
[ "$*" != '-t -q' ] || set -- -t
exec ${WORLD}/bin/nginx "$@"
`;
