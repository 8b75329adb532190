/**
 * The shape of a loaded configuration: names, units and nesting are those of the YAML file. Frozen; paths are
 * absolute; secrets already read.
 */
import type { Plan, SmallerPlan } from '../model/plan.js';
import type { JsonObject } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';

export interface PoolConfig {
  name: string;
  /** First and last address given out, inclusive; both of one family. */
  first: string;
  last: string;
  /** Network prefix length the container is configured with. */
  prefix: number;
  gateway: string;
}

export interface ProxmoxConfig {
  /** Base URLs of API nodes, e.g. `https://pve1.example.net:8006`; tried in order when one does not answer. */
  urls: string[];
  /** `user@realm!name` */
  token_id: string;
  token_secret: Secret;
  /** PEM file of the CA to trust, or null for the system's. */
  ca_file: string | null;
  /**
   * SHA-256 fingerprints of the API's certificates (hex, colons optional, separated by spaces or commas), or null.
   * Win over the CA.
   */
  fingerprint: string | null;
  request_timeout_s: number;
  task_timeout_s: number;
  /** Proxmox pool that containers are made in, or null. */
  pool: string | null;
  /** Storage of the root disks. */
  storage: string;
  bridge: string;
  /** VLAN tag or null. */
  vlan: number | null;
  nameserver: string | null;
  searchdomain: string | null;
  /** Nodes we may place on; empty = every online node. */
  nodes: string[];
  /** Heavy operations (create, clone, snapshot, rollback, destroy) at once per node. */
  heavy_operations: number;
  firewall: boolean;
  start_at_boot: boolean;
  /** Own range of container numbers, inclusive. */
  vmids: { first: number; last: number };
  /** Range for templates that `innkeeper template build` makes. */
  template_vmids: { first: number; last: number };
  /**
   * Volume id of the OS template for `template build` and the from-scratch path, e.g.
   * `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`.
   */
  os_template: string | null;
  /** Memory (MiB) that placement leaves free on every node. */
  reserve_memory_mb: number;
  reserve_disk_gb: number;
  ha: {
    enabled: boolean;
    /** Nodes of the PVE 9 node-affinity rule; empty = no rule. */ nodes: string[];
    /** Group on PVE 8, or null. */ group: string | null;
  };
}

export interface SshConfig {
  /** node name -> where its sshd listens; a node without an entry is reached under its own name, port 22. */
  hosts: Record<string, { host: string; port: number }>;
  user: string;
  private_key: Secret;
  /** An OpenSSH known_hosts file; a host without a matching key is refused. */
  known_hosts_file: string;
  connect_timeout_s: number;
}

export interface DomainsConfig {
  /** `address` or `address:port`; empty = the system's. */
  resolvers: string[];
  /** Where name servers (and resolvers without a port) are asked. */
  dns_port: number;
  /** Where names are asked over HTTP. */
  http_port: number;
  https_port: number;
  lookup_timeout_s: number;
  /** Networks in which name servers are asked although they are private. */
  lab_networks: string[];
  blocked: string[];
  quarantine_s: number;
  /** How long a domain may lead elsewhere before it is switched off. */
  stray_s: number;
  acme: {
    enabled: boolean;
    directory_url: string;
    email: string | null;
    /** PEM file of the CA of the directory itself, or null for the system's. */
    ca_file: string | null;
    /** The authority's names in CAA records; empty = not looked at. */
    caa_identities: string[];
    certificates_per_domain_week: number;
    certificates_per_set_week: number;
    refusals_per_name_hour: number;
    timeout_s: number;
  };
  /** Issues when ACME is off; for labs. */
  local_ca: { certificate_file: string; key_file: string } | null;
}

export interface Config {
  agent: { id: string; base_domain: string; time_zone: string; state_dir: string };
  api: {
    host: string;
    port: number;
    /** Unix socket of the CLI (0600), or null for `<state_dir>/innkeeper.sock`, resolved on load. */
    socket: string;
    tls: { cert_file: string; key_file: string } | null;
    /** Addresses or CIDRs whose X-Forwarded-* headers are believed. */
    trusted_proxies: string[];
    body_limit_bytes: number;
    /** Per token; 0 = no limit. Life-cycle calls are never limited. */
    rate_limit: { main_thread_ms_per_s: number; reads_per_s: number; actions_per_minute: number };
    /** Tokens besides those made with `innkeeper token create`, for automated installs. */
    tokens: { name: string; panel: string; permissions: string[]; secret: Secret }[];
  };
  log: {
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
    /** `auto`: as systemd's journal wants it when standard output leads there. */
    format: 'auto' | 'json' | 'journal' | 'text';
  };
  audit: { keep_days: number };
  alerts: {
    certificate_days: number;
    pool_percent: number;
    /** Each has either a command or a URL. */
    hooks: {
      name: string;
      command: string[] | null;
      url: Secret | null;
      secret: Secret | null;
      ca_file: string | null;
    }[];
  };
  /** 32 bytes, base64 or hex; when the source is absent the daemon makes `<state_dir>/secret.key` (0600) once. */
  state_key: Secret | null;
  /** The key before; only read with. */
  state_key_former: Secret | null;
  container_host: {
    driver: 'proxmox';
    proxmox: ProxmoxConfig;
    /** Seconds between shared polls of the cluster. */ poll_s: number;
  };
  exec: {
    driver: 'local' | 'ssh';
    /** argv prefix of pct. */ pct: string[];
    ssh: SshConfig | null;
    max_output_bytes: number;
  };
  addresses: { pools: PoolConfig[] };
  dns: {
    driver: 'powerdns' | 'none';
    ttl_s: number;
    /** Names of our name servers; a customer's zone is made only when its delegation names them. */
    name_servers: string[];
    powerdns: { url: string; api_key: Secret; server_id: string; zone: string; timeout_s: number } | null;
  };
  proxy: {
    driver: 'nginx';
    nginx: {
      /** Folder we own: sites, maps, pages and the rendered server file are written here. */
      dir: string;
      /** nginx's user must be able to read `dir`; argv that tests the whole configuration. */
      test: string[];
      /** argv that reloads nginx. */
      reload: string[];
      /** Where the rendered status server listens; it tells which rendering nginx serves. */
      status_port: number;
      listen: string[];
      http_port: number;
      https_port: number;
      /** Wildcard certificate of the base domain (PEM files, readable by nginx). */
      certificate_file: string;
      certificate_key_file: string;
      max_upload_mb: number;
      /** Proxies before ours whose X-Forwarded-For gives the client's address. */
      real_ip_from: string[];
    };
    /** How nginx is reached where it is not the daemon's to change, or null. */
    ssh: (Omit<SshConfig, 'hosts'> & { host: string; port: number }) | null;
    /** As the world sees the proxy; `PROXYSRV` in customer zones. */
    public_addresses: string[];
    /** How the agent itself reaches the public door to check a site. */
    door: { address: string; https_port: number; ca_file: string | null };
  };
  domains: DomainsConfig;
  jobs: { slots: number; interactive_slots: number; retry_s: number; stop_s: number };
  circuits: {
    /** Calls in a row without an answer. */ failures: number;
    /** Before the first probe. */ pause_s: number;
  };
  deletion: {
    /** Seconds that a deleted site's container is kept; 0 = removed at once. */ hold_s: number;
    /** Deletions in an hour, beyond which they wait for an operator. */ brake: number;
  };
  reconcile: {
    mode: 'observe' | 'repair';
    /** Seconds between two comparisons. */ every_s: number;
    /** Seconds after which a second look must find the same. */ confirm_s: number;
  };
  upgrade: { smaller_plan: SmallerPlan };
  create: { patience_s: number; reserved_names: string[] };
  plans: Plan[];
  modules: {
    /** Folders searched for `<type>/<name>/module.js` besides the shipped ones. */ paths: string[];
    default_product: string;
  };
  /** product name -> its settings, checked by the module's own schema. */
  products: Record<string, JsonObject>;
}
