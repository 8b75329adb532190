/**
 * Writes the configuration file of the daemon for a sandbox environment. With this file, `innkeeper serve --config
 * <state>/innkeeper.yaml` finds everything that the environment created.
 */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Config, PoolConfig } from '../config/config.js';
import type { JsonObject } from '../kernel/json.js';
import { keptText, PRIVATE, writeText } from './files.js';
import { DEFAULT_NODES, DEFAULT_OS_TEMPLATE } from './pve/options.js';
import { DEFAULT_PANEL } from '../kernel/default-panel.js';
import { PERMISSIONS } from '../model/permissions.js';

export const BASE_DOMAIN = 'sandbox.test';
export const DEFAULT_API_PORT = 8080;
/** The ID of the API token with which the agent calls the simulated Proxmox. */
export const PVE_TOKEN_ID = 'innkeeper@pve!agent';
/** Pool of the containers and templates. */
export const PVE_POOL = 'innkeeper';
/** The maximum length of the path of a unix socket on Linux in bytes, without the final zero byte. */
const SOCKET_PATH_LIMIT = 107;

/** A secret in the form in which the YAML file contains it. */
interface SecretFile {
  readonly file: string;
}

type Nginx = Config['proxy']['nginx'];

/**
 * The parts of the configuration that differ between environments. Paths are absolute. Names and units are the same as
 * in the configuration.
 */
export interface EnvironmentParts {
  readonly stateDir: string;
  readonly apiPort: number;
  readonly pve: {
    readonly url: string;
    readonly caFile: string;
    readonly tokenSecretFile: string;
    readonly storage: string;
  };
  readonly ssh: {
    /** Maps node names to the addresses of their sshd. */
    readonly hosts: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    readonly privateKeyFile: string;
    readonly knownHostsFile: string;
  };
  readonly pool: PoolConfig;
  /** `port` is the port of the name server itself, on 127.0.0.1. */
  readonly dns: { readonly url: string; readonly apiKeyFile: string; readonly port: number };
  /** The CA that issues the certificates of custom domains. */
  readonly ca: { readonly certificateFile: string; readonly keyFile: string };
  readonly proxy: Pick<
    Nginx,
    | 'dir'
    | 'listen'
    | 'status_port'
    | 'http_port'
    | 'https_port'
    | 'certificate_file'
    | 'certificate_key_file'
  > & { readonly test: readonly string[]; readonly reload: readonly string[] };
  readonly door: { readonly address: string; readonly https_port: number; readonly ca_file: string };
  /** Settings of products that must differ from their defaults. */
  readonly products?: JsonObject;
}

/** Writes the configuration file and returns its path. Creates the bootstrap token if it does not exist yet. */
export async function writeAgentConfig(parts: EnvironmentParts): Promise<string> {
  const { stateDir } = parts;
  const tokenFile = join(stateDir, 'secrets', 'api-token');
  await keptText(tokenFile, () => `ink_${randomBytes(32).toString('base64url')}`);
  const config = {
    agent: {
      id: 'sandbox',
      base_domain: BASE_DOMAIN,
      time_zone: 'UTC',
      state_dir: join(stateDir, 'agent'),
    },
    api: {
      host: '127.0.0.1',
      port: parts.apiPort,
      socket: await socketPath(stateDir),
      // the token has the permissions of a panel and of an operator
      tokens: [
        {
          name: 'sandbox',
          panel: DEFAULT_PANEL,
          permissions: [...PERMISSIONS],
          secret: secretIn(tokenFile),
        },
      ],
    },
    container_host: { driver: 'proxmox', poll_s: 1, proxmox: proxmoxOf(parts) },
    exec: {
      driver: 'ssh',
      pct: ['pct'],
      ssh: {
        hosts: parts.ssh.hosts,
        user: 'root',
        private_key: secretIn(parts.ssh.privateKeyFile),
        known_hosts_file: parts.ssh.knownHostsFile,
      },
    },
    addresses: { pools: [parts.pool] },
    dns: {
      driver: 'powerdns',
      ttl_s: 60,
      name_servers: [`ns1.${BASE_DOMAIN}`],
      powerdns: {
        url: parts.dns.url,
        api_key: secretIn(parts.dns.apiKeyFile),
        server_id: 'localhost',
        zone: BASE_DOMAIN,
      },
    },
    proxy: {
      driver: 'nginx',
      nginx: { ...parts.proxy, max_upload_mb: 64, real_ip_from: [] },
      public_addresses: ['203.0.113.10'],
      door: parts.door,
    },
    domains: {
      resolvers: [`127.0.0.1:${parts.dns.port}`],
      dns_port: parts.dns.port,
      lab_networks: ['127.0.0.0/8'],
      local_ca: { certificate_file: parts.ca.certificateFile, key_file: parts.ca.keyFile },
    },
    deletion: { hold_s: 0 },
    ...(parts.products ? { products: parts.products } : {}),
  };
  const file = join(stateDir, 'innkeeper.yaml');
  const head = '# Rewritten by `innkeeper sandbox` at every start; changes made here are lost.\n';
  await writeText(file, head + stringify(config), PRIVATE);
  return file;
}

/** A second network that the token can use, so that address pools with a network of their own can be tried. */
export const SECOND_NETWORK = { bridge: 'vmbr1', vlan: 20 } as const;

/** The part of the config that determines which privileges the token needs. */
export function privilegedConfig(storage: string) {
  return {
    pool: PVE_POOL,
    storage,
    bridge: 'vmbr0',
    vlan: null,
    os_template: DEFAULT_OS_TEMPLATE,
    ha: { enabled: true, nodes: [...DEFAULT_NODES], group: null },
  };
}

function proxmoxOf({ pve }: EnvironmentParts): object {
  return {
    urls: [pve.url],
    token_id: PVE_TOKEN_ID,
    token_secret: secretIn(pve.tokenSecretFile),
    ca_file: pve.caFile,
    ...privilegedConfig(pve.storage),
    vmids: { first: 1000, last: 1999 },
    template_vmids: { first: 9000, last: 9099 },
  };
}

const secretIn = (file: string): SecretFile => ({ file });

/**
 * Returns a path for a socket in the state folder. If this path would be too long, returns a path in a temporary
 * folder with a short name.
 */
async function socketPath(stateDir: string): Promise<string> {
  const near = join(stateDir, 'agent', 'innkeeper.sock');
  if (Buffer.byteLength(near) <= SOCKET_PATH_LIMIT) return near;
  const kept = await keptText(join(stateDir, 'socket-path'), () =>
    join(tmpdir(), `innkeeper-${randomBytes(6).toString('hex')}`, 'innkeeper.sock'),
  );
  return kept;
}
