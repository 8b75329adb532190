/**
 * Returns a container's current state as `GET /nodes/x/lxc` and `status/current` show it (pve-container, `vmstatus`).
 */
import type { JsonObject } from '../../kernel/json.js';
import type { Cluster } from './cluster.js';
import { rootDisk } from './ct-config.js';
import { usageFields } from './usage.js';
import { untilMounted } from './mount-check.js';
import type { Container } from './state.js';
import { IDLE } from './stats.js';

/** The disk size that Proxmox shows for a container without a root disk. */
const DEFAULT_DISK_BYTES = 4 * 1024 ** 3;
/**
 * The pressure of the last 10 s, in the kernel's format: the share of the time during which processes had to wait for
 * a resource.
 */
const PRESSURES = {
  pressurecpusome: '0.00',
  pressurecpufull: '0.00',
  pressureiosome: '0.00',
  pressureiofull: '0.00',
  pressurememorysome: '0.00',
  pressurememoryfull: '0.00',
};

export async function guestStatus(cluster: Cluster, container: Container): Promise<JsonObject> {
  const { vmid, config, filesystem } = container;
  await untilMounted(cluster, container);
  const running = await cluster.backend.isRunning(vmid);
  const usage = running ? await cluster.backend.usage(vmid) : IDLE;
  return {
    // 8.4 returns the number as text
    vmid: cluster.version === '9.1' ? vmid : String(vmid),
    type: 'lxc',
    name: config['hostname'] ?? `CT${vmid}`,
    status: running ? 'running' : 'stopped',
    cpus: Number(config['cores'] ?? 1),
    maxmem: Number(config['memory'] ?? 512) * 1024 ** 2,
    maxswap: Number(config['swap'] ?? 0) * 1024 ** 2,
    // if the container is running, this is the size that `df` shows; if it is stopped, the configured size
    maxdisk: (running ? filesystem : undefined) ?? (rootDisk(config).bytes || DEFAULT_DISK_BYTES),
    swap: 0,
    diskread: 0,
    diskwrite: 0,
    ...usageFields(usage),
    ...(running ? { pid: String(10_000 + vmid), ...(cluster.version === '9.1' ? PRESSURES : {}) } : {}),
    ...(config['template'] === '1' ? { template: 1 } : {}),
    ...(config['lock'] === undefined ? {} : { lock: config['lock'] }),
    ...(config['tags'] === undefined ? {} : { tags: config['tags'] }),
  };
}
