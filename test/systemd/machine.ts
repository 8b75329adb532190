/** A Debian container of our own with systemd as PID 1, with what is installed from this repository. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { projectRoot } from '../tools/project-root.js';
import { blocksOf } from '../tools/runbook.js';
import { shippedModules } from '../../src/modules/loader.js';
import { openContainerHost } from '../../src/sandbox/lxc/container-host.js';

export interface Machine {
  /** Runs a shell script as root inside; throws when it fails. */
  sh(script: string): Promise<string>;
  /** The exit code too. */
  try(script: string): Promise<{ readonly code: number; readonly out: string }>;
  readonly root: string;
}

const VOLUME = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
const CACHE = process.env.INNKEEPER_SANDBOX_CACHE ?? '/var/cache/innkeeper-sandbox';
const VMID = 101;
export const DIST = dirname(shippedModules());
export const REPOSITORY = projectRoot();

/**
 * With node, and what is installed from in /root/innkeeper. What a killed test leaves is cleared away by the next one.
 */
export async function startMachine(t: Test): Promise<Machine> {
  return startBareMachine(t, async (root) => {
    await cp(process.execPath, join(root, 'usr/bin/node'));
    await bring(join(root, 'root/innkeeper'));
  });
}

/** `prepare` gets the path of its root folder before it is started. */
export async function startBareMachine(t: Test, prepare: (root: string) => Promise<void>): Promise<Machine> {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-systemd-'));
  t.teardown(() => rm(stateDir, { recursive: true, force: true }));
  const host = await openContainerHost({ stateDir, cacheDir: CACHE, log: (line) => t.comment(line) });
  t.teardown(() => host.close());
  const { gateway, prefix } = host.network.plan;
  const container = {
    vmid: VMID,
    node: 'pve1',
    hostname: 'innkeeper.example.test',
    memoryMb: 1024,
    swapMb: 0,
    cores: 2,
    diskGb: 8,
    ipv4: { address: gateway.replace(/\.1$/, '.11'), prefix, gateway },
    hwaddr: '02:00:00:00:01:65',
    nameserver: null,
  };
  await host.backend.create(container, VOLUME);
  const root = host.disk.path('ct', String(VMID));
  await prepare(root);
  await host.backend.start(container);
  const enter = [...host.network.enter, 'lxc-attach', '-P', host.lxcPath, '-n', String(VMID), '--clear-env'];
  const argv = [...enter, '--', '/bin/sh', '-s'];
  const run = (script: string): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const child = execFile('env', argv, { maxBuffer: 16 * 1024 * 1024 }, (error, out, complaint) =>
        resolve({
          code: error ? (typeof error.code === 'number' ? error.code : -1) : 0,
          out: out + complaint,
        }),
      );
      child.stdin?.end(
        `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C\n${script}`,
      );
    });
  const machine: Machine = {
    root,
    try: run,
    async sh(script) {
      const { code, out } = await run(`set -eu\n${script}`);
      if (code !== 0) throw new Error(`ended with ${code}: ${script}\n${out}`);
      return out;
    },
  };
  const deadline = Date.now() + 120_000;
  // `--wait` fails at once while there is no bus yet
  while (!/^(?:running|degraded)\n/.test((await machine.try('systemctl is-system-running')).out)) {
    if (Date.now() > deadline) throw new Error('the container did not boot');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return machine;
}

/** As an operator would unpack it; the tests' own part of dist/ but for the caller stays here. */
export async function bring(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const part of ['chunks', 'docs-page', 'modules', 'src', 'package.json', 'test/systemd/caller.js'])
    await cp(join(DIST, part), join(folder, 'dist', part), { recursive: true });
  for (const part of ['systemd', 'config', 'docs'])
    await cp(join(REPOSITORY, part), join(folder, part), { recursive: true });
}

/** The blocks below a heading of docs/installing.md that run on the daemon's machine. */
export async function installing(heading: string): Promise<string> {
  const blocks = (await blocksOf('docs/installing.md')).filter(
    (block) => block.heading === heading && block.kind === 'run',
  );
  if (blocks.length === 0) throw new Error(`docs/installing.md has no commands below "${heading}"`);
  return blocks.map(({ text }) => text).join('');
}

export async function put(
  machine: Pick<Machine, 'root'>,
  path: string,
  text: string,
  mode = 0o644,
): Promise<void> {
  const file = join(machine.root, path);
  if (!existsSync(dirname(file))) await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
}
