/** A configuration for tests, made as the loader makes one: what is not named here has the schema's defaults. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { Config } from '../../src/config/config.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { ConfigSchema } from '../../src/config/schema.js';
import { stringify } from 'yaml';
import { Secret } from '../../src/kernel/secret.js';
import { makeCertificate } from './certificate.js';

const check = Compile(ConfigSchema);

const SECRETS: ReadonlyMap<string, Secret> = new Map([
  ['api.tokens.0.secret', new Secret('from-the-config')],
  ['container_host.proxmox.token_secret', new Secret('x')],
]);

/** New every time; tests may change it. */
export function testConfig(): Config {
  const file = Value.Default(ConfigSchema, structuredClone(FILE));
  if (!check.Check(file)) throw new Error(`not a configuration: ${JSON.stringify(check.Errors(file))}`);
  return thawed(resolveConfig(file, { secrets: SECRETS, plans: PLANS }));
}

/** The environment in which the file of `writeConfig` is whole. */
export const CONFIG_ENV = { UNREAD: 'a-secret-that-is-long-enough-to-be-one' };

/** Writes it as a file into the folder, for commands that load it themselves. Resolves with the file's path. */
export async function writeConfig(dir: string, stateDir: string): Promise<string> {
  const { cert, key } = await makeCertificate(['*.sites.example.net']);
  const [certificate, privateKey] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(certificate, cert);
  await writeFile(privateKey, key, { mode: 0o600 });
  const nginx = { ...FILE.proxy.nginx, certificate_file: certificate, certificate_key_file: privateKey };
  const file = join(dir, 'innkeeper.yaml');
  const agent = { ...FILE.agent, state_dir: stateDir };
  await writeFile(file, stringify({ ...FILE, agent, proxy: { ...FILE.proxy, nginx } }), { mode: 0o600 });
  return file;
}

function thawed<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  if (Array.isArray(value)) return value.map(thawed) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, thawed(item)])) as T;
}

const PLANS = [
  {
    name: 'basic',
    aliases: ['WordPress Basic'],
    memoryMb: 2048,
    swapMb: 512,
    diskGb: 20,
    cores: 2,
    domains: 3,
    backups: 2,
  },
  {
    name: 'premium',
    aliases: [],
    memoryMb: 8192,
    swapMb: 512,
    diskGb: 80,
    cores: 4,
    domains: 10,
    backups: 5,
  },
];

const FILE = {
  agent: {
    id: 'test',
    base_domain: 'sites.example.net',
    time_zone: 'Europe/Vienna',
    state_dir: '/nowhere',
  },
  api: {
    host: '127.0.0.1',
    port: 0,
    socket: '/nowhere/innkeeper.sock',
    trusted_proxies: ['192.0.2.1'],
    body_limit_bytes: 20_000,
    rate_limit: { main_thread_ms_per_s: 0, reads_per_s: 0, actions_per_minute: 0 },
    tokens: [
      {
        name: 'installed',
        panel: 'default',
        permissions: ['sites:read'],
        secret: { env: 'UNREAD' },
      },
    ],
  },
  log: { level: 'info', format: 'json' },
  audit: { keep_days: 365 },
  alerts: { certificate_days: 14, pool_percent: 90, hooks: [] },
  container_host: {
    driver: 'proxmox',
    poll_s: 5,
    proxmox: {
      urls: ['https://pve1.example.net:8006'],
      token_id: 'innkeeper@pve!agent',
      token_secret: { env: 'UNREAD' },
      request_timeout_s: 30,
      task_timeout_s: 600,
      storage: 'local-zfs',
      bridge: 'vmbr0',
      nodes: [],
      heavy_operations: 3,
      firewall: false,
      start_at_boot: true,
      vmids: { first: 10_000, last: 10_999 },
      template_vmids: { first: 9000, last: 9099 },
      reserve_memory_mb: 1024,
      reserve_disk_gb: 10,
      ha: { enabled: false, nodes: [] },
    },
  },
  exec: { driver: 'local', pct: ['pct'], max_output_bytes: 1_000_000 },
  addresses: {
    pools: [
      { name: 'small', first: '10.0.0.10', last: '10.0.0.11', prefix: 24, gateway: '10.0.0.1' },
      { name: 'large', first: '10.1.0.0', last: '10.1.3.255', prefix: 22, gateway: '10.1.0.1' },
      { name: 'six', first: 'fd00::', last: 'fd00::ffff', prefix: 64, gateway: 'fd00::1' },
    ],
  },
  dns: { driver: 'none', ttl_s: 60, name_servers: ['ns1.sites.example.net'] },
  proxy: {
    driver: 'nginx',
    nginx: {
      dir: '/nowhere',
      test: ['true'],
      reload: ['true'],
      status_port: 1,
      http_port: 80,
      https_port: 443,
      certificate_file: '/nowhere/cert.pem',
      certificate_key_file: '/nowhere/key.pem',
      max_upload_mb: 64,
      real_ip_from: [],
    },
    public_addresses: ['203.0.113.10'],
    door: { address: '127.0.0.1', https_port: 443 },
  },
  domains: {
    resolvers: [],
    dns_port: 53,
    http_port: 80,
    https_port: 443,
    lookup_timeout_s: 5,
    lab_networks: [],
    blocked: ['blocked.example'],
    quarantine_s: 3600,
    stray_s: 14 * 86_400,
    acme: {
      enabled: false,
      directory_url: 'https://acme.test/directory',
      caa_identities: ['ca.test'],
      certificates_per_domain_week: 40,
      certificates_per_set_week: 4,
      refusals_per_name_hour: 4,
      timeout_s: 60,
    },
  },
  jobs: { slots: 10, interactive_slots: 2, retry_s: 5, stop_s: 10 },
  circuits: { failures: 3, pause_s: 5 },
  deletion: { hold_s: 0, brake: 20 },
  reconcile: { mode: 'observe', every_s: 900, confirm_s: 15 },
  upgrade: { smaller_plan: 'apply' },
  create: { patience_s: 3600, reserved_names: ['brand'] },
  panels: { staging: { locale: 'fr' } },
  modules: { paths: [], default_product: 'wordpress' },
  products: {},
};
