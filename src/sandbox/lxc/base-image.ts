/**
 * The OS template, a minimal Debian. It is built once per machine and stored as an archive. Each environment unpacks
 * the archive.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AptArchive } from './apt-archive.js';
import { findCommand } from './requirements.js';
import { run } from './run.js';

export const SUITE = 'bookworm';
/** Matches the volume IDs of Proxmox's own Debian 12 templates. */
const VOLUME = /^[\w-]+:vztmpl\/debian-12-standard_[\w.+-]+\.tar\.(?:zst|gz|xz)$/;
/** Must be increased when the steps below change. */
const EDITION = 2;
/** The packages, which are roughly those of Proxmox's Debian template. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'iproute2',
  'ca-certificates',
  'curl',
  'apt-utils',
  'cron',
  'gnupg',
  'less',
  'logrotate',
  'nano',
  'netbase',
  'openssh-server',
  'openssl',
  'procps',
  'rsyslog',
  'tzdata',
  'wget',
  'xz-utils',
  'zstd',
];
/**
 * A unit that can never be mounted in an unprivileged container. If it were enabled, systemd in every container would
 * have the state `degraded`.
 */
const MASKED_UNITS = ['sys-kernel-debug.mount'];
/**
 * Disables the syncs of dpkg, which take most of the installation time on a loop device. A sandbox does not have to
 * survive a power loss.
 */
const DPKG = 'force-unsafe-io';

export function isBaseVolume(volume: string): boolean {
  return VOLUME.test(volume);
}

/** Returns a key that changes whenever the resulting base system would change. */
export function baseKey(archive: AptArchive): string {
  const parts = [EDITION, SUITE, PACKAGES, MASKED_UNITS, DPKG, archive.sources, archive.settings];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/**
 * Returns the path of the archive file. If the file does not exist, builds it first, which takes about half a minute.
 */
export async function ensureBaseImage(
  cacheDir: string,
  archive: AptArchive,
  log: (line: string) => void,
): Promise<string> {
  const file = join(cacheDir, `base-${SUITE}-${baseKey(archive)}.tar.zst`);
  if (existsSync(file)) return file;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, 'making-base-'));
  try {
    log('building the base system (once per machine, about half a minute)');
    const fresh = await makeBase(work, archive);
    await rename(fresh, file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeBase(work: string, archive: AptArchive): Promise<string> {
  const [tar, sources, settings] = [
    join(work, 'base.tar'),
    join(work, 'sources.list'),
    join(work, 'apt.conf'),
  ];
  const zst = `${tar}.zst`;
  await writeFile(sources, `${archive.sources.join('\n')}\n`);
  const proxy = archive.proxy === null ? '' : `\nAcquire::http::Proxy "${archive.proxy}";`;
  await writeFile(settings, `${archive.settings}${proxy}\n`);
  await run(
    [
      findCommand('eatmydata') ?? 'env',
      'mmdebstrap',
      '--variant=minbase',
      '--format=tar',
      `--dpkgopt=${DPKG}`,
      `--aptopt=${settings}`,
      `--include=${PACKAGES.join(',')}`,
      ...MASKED_UNITS.map((unit) => `--customize-hook=ln -sf /dev/null "$1/etc/systemd/system/${unit}"`),
      // These settings were needed only for the build. Containers get different settings at every start.
      '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
      `--customize-hook=echo ${DPKG} >"$1/etc/dpkg/dpkg.cfg.d/sandbox"`,
      '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key*',
      SUITE,
      tar,
      sources,
    ],
    { timeoutMs: 15 * 60_000 },
  );
  await run(['zstd', '-q', '-T0', '-3', '--rm', tar, '-o', zst], { timeoutMs: 300_000 });
  return zst;
}
