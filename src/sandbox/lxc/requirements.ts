/** Checks whether this machine has everything that real containers need, before anything is created. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const COMMANDS: Readonly<Record<string, string>> = {
  'lxc-start': 'lxc',
  'lxc-attach': 'lxc',
  'lxc-stop': 'lxc',
  mmdebstrap: 'mmdebstrap',
  'mkfs.btrfs': 'btrfs-progs',
  btrfs: 'btrfs-progs',
  newuidmap: 'uidmap',
  zstd: 'zstd',
  ip: 'iproute2',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  nginx: 'nginx-light',
  pdns_server: 'pdns-server',
  sqlite3: 'sqlite3',
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
};
const FILES: Readonly<Record<string, string>> = {
  '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql': 'pdns-backend-sqlite3',
  '/usr/share/lxc/config/userns.conf': 'lxc',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
};

/** The IDs to which the IDs in containers are mapped. /etc/subuid and /etc/subgid must grant them to root. */
export const ID_MAP = { first: 100_000, count: 65_536 } as const;

/** Finds a command. Also searches the folders that are only in root's path. */
export function findCommand(name: string): string | undefined {
  const folders = new Set([
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ]);
  return [...folders]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Throws an Error with one plain sentence if something is missing. */
export function checkRequirements(): void {
  if (process.platform !== 'linux')
    throw new Error('The lxc sandbox needs Linux; use the memory sandbox here.');
  if (process.getuid?.() !== 0) {
    throw new Error('The lxc sandbox must run as root; use --backend memory otherwise.');
  }
  const missing = new Set<string>();
  for (const [command, apt] of Object.entries(COMMANDS))
    if (findCommand(command) === undefined) missing.add(apt);
  for (const [file, apt] of Object.entries(FILES)) if (!isReadable(file)) missing.add(apt);
  if (missing.size > 0) {
    throw new Error(
      `The lxc sandbox needs packages that are not installed; run: apt-get install --no-install-recommends ${[...missing].sort().join(' ')}`,
    );
  }
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    if (!grantsRange(file)) {
      throw new Error(`The lxc sandbox needs the line "root:${ID_MAP.first}:${ID_MAP.count}" in ${file}.`);
    }
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function grantsRange(file: string): boolean {
  if (!isReadable(file)) return false;
  return readFileSync(file, 'utf8')
    .split('\n')
    .some((line) => {
      const [owner, first, count] = line.trim().split(':');
      return (
        (owner === 'root' || owner === '0') &&
        Number(first) <= ID_MAP.first &&
        Number(first) + Number(count) >= ID_MAP.first + ID_MAP.count
      );
    });
}
