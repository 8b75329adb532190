/** A container host configuration for tests; change what a test is about. */
import type { ProxmoxConfig } from '../../src/config/config.js';
import { Secret } from '../../src/kernel/secret.js';

export const TOKEN_SECRET = '12345678-1234-1234-1234-1234567890ab';

export function proxmoxConfig(over: Partial<ProxmoxConfig> = {}): ProxmoxConfig {
  return {
    urls: ['https://localhost:1'],
    token_id: 'innkeeper@pve!agent',
    token_secret: new Secret(TOKEN_SECRET),
    ca_file: null,
    fingerprint: null,
    request_timeout_s: 10,
    task_timeout_s: 120,
    pool: 'innkeeper',
    storage: 'local-lvm',
    bridge: 'vmbr0',
    vlan: null,
    nameserver: '10.0.0.53',
    searchdomain: null,
    nodes: [],
    locations: [],
    heavy_operations: 3,
    firewall: false,
    start_at_boot: true,
    vmids: { first: 5000, last: 5999 },
    template_vmids: { first: 9000, last: 9099 },
    os_template: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
    image_storages: [],
    reserve_memory_mb: 1024,
    reserve_disk_gb: 10,
    ha: { enabled: true, nodes: ['pve1', 'pve2'], group: null },
    ...over,
  };
}
