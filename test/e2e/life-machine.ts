/**
 * What the machine under an lxc world really holds of a site: looked at with the kernel's, btrfs's and the servers'
 * own eyes, not the agent's.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Agent, fetch } from 'undici';
import { parse } from 'yaml';
import { isUnified, payloadFolder } from '../../src/sandbox/lxc/cgroup.js';
import { checked, command, readText } from './processes.js';

const Config = Type.Object({
  container_host: Type.Object({
    proxmox: Type.Object({
      urls: Type.Array(Type.String(), { minItems: 1 }),
      token_id: Type.String(),
      ca_file: Type.String(),
    }),
  }),
  proxy: Type.Object({ nginx: Type.Object({ dir: Type.String() }) }),
});
const InitProcess = Type.Integer({ minimum: 2 });
const Identity = Type.Object({ id: Type.String() });
const HaResources = Type.Object({
  data: Type.Array(Type.Object({ sid: Type.String(), state: Type.String() })),
});

export interface Machine {
  /** Runs a shell script in the container. */
  inside(vmid: number, script: string): Promise<string>;
  isRunning(vmid: number): Promise<boolean>;
  /** Process id of the container's init on this machine; another one after every start. */
  init(vmid: number): Promise<number>;
  /** Bytes that the kernel lets the container's processes have. */
  memoryLimit(vmid: number): Promise<number>;
  /** Cores' worth of time that the kernel lets them have. */
  cores(vmid: number): Promise<number>;
  /** Bytes that btrfs lets the root disk grow to. */
  diskLimit(vmid: number): Promise<number>;
  /** Subvolumes of the container: its root disk and its snapshots. */
  disks(vmid: number): Promise<string[]>;
  /** What HA is to keep it in; undefined when HA does not know it. */
  haState(vmid: number): Promise<string | undefined>;
  /** Files of the proxy that say this text. */
  proxyFiles(text: string): Promise<string[]>;
}

export async function machineUnder(stateDir: string): Promise<Machine> {
  const config = checked(Config, parse(await readText(join(stateDir, 'innkeeper.yaml'))));
  const { id } = checked(Identity, JSON.parse(await readText(join(stateDir, 'lxc-world.json'))));
  const [namespace, mount] = [`ik-${id}`, join('/run/innkeeper-sandbox', id, 'disk')];
  const group = async (controller: string, vmid: number, file: string): Promise<string> =>
    (await readText(join(payloadFolder(controller, namespace, vmid), file))).trim();
  const info = async (vmid: number, what: string): Promise<string> =>
    (
      await command('nsenter', [
        `--net=/run/netns/${namespace}`,
        ...['lxc-info', '-P', join(mount, 'lxc'), '-n', String(vmid), '-H', what],
      ])
    ).trim();
  return {
    inside: (vmid, script) =>
      command(join(stateDir, 'bin', 'pct'), [
        ...['exec', String(vmid), '--keep-env', '0', '--', '/bin/sh', '-c', script],
      ]),
    isRunning: async (vmid) => (await info(vmid, '-s')) === 'RUNNING',
    init: async (vmid) => checked(InitProcess, Number(await info(vmid, '-p'))),
    memoryLimit: async (vmid) =>
      Number(await group('memory', vmid, isUnified() ? 'memory.max' : 'memory.limit_in_bytes')),
    cores: async (vmid) =>
      Number((await group('cpu', vmid, isUnified() ? 'cpu.max' : 'cpu.cfs_quota_us')).split(' ')[0]) /
      100_000,
    async diskLimit(vmid) {
      const shown = await command('btrfs', ['qgroup', 'show', '-r', '--raw', mount]);
      const line = shown.split('\n').find((one) => one.trim().endsWith(` ct/${vmid}`));
      return Number(line?.trim().split(/\s+/)[3]);
    },
    async disks(vmid) {
      const shown = await command('btrfs', ['subvolume', 'list', mount]);
      const paths = shown.split('\n').map((line) => line.split(' path ')[1] ?? '');
      return paths.filter((path) => new RegExp(`^(ct|snap)/${vmid}(/|$)`).test(path)).sort();
    },
    haState: async (vmid) => (await haStates(stateDir, config)).get(`ct:${vmid}`),
    async proxyFiles(text) {
      const { dir } = config.proxy.nginx;
      const names = await readdir(dir, { recursive: true, withFileTypes: true });
      const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
      const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
      return files.filter((file, n) => existsSync(file) && texts[n]?.includes(text) === true);
    },
  };
}

async function haStates(
  stateDir: string,
  {
    container_host: { proxmox },
  }: { container_host: { proxmox: { urls: string[]; token_id: string; ca_file: string } } },
): Promise<Map<string, string>> {
  const secret = (await readText(join(stateDir, 'secrets', 'pve-token'))).trim();
  const dispatcher = new Agent({ connect: { ca: await readText(proxmox.ca_file) } });
  const answer = await fetch(`${proxmox.urls[0]}/api2/json/cluster/ha/resources`, {
    dispatcher,
    headers: { authorization: `PVEAPIToken=${proxmox.token_id}=${secret}` },
  });
  const { data } = checked(HaResources, await answer.json());
  await dispatcher.close();
  return new Map(data.map(({ sid, state }) => [sid, state]));
}
