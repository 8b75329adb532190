/** From the checked file to the configuration that the rest of the agent sees. */
import { join } from 'node:path';
import type { Plan } from '../model/plan.js';
import { Secret } from '../kernel/secret.js';
import type { Config, ProxmoxConfig } from './config.js';
import { poolOf } from './pools.js';
import type { ConfigFile } from './schema.js';

export interface Resolved {
  /** Path of a secret's key (`dns.powerdns.api_key`) -> its value. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly plans: readonly Plan[];
}

/** Paths in `file` are absolute. The result is frozen. */
export function resolveConfig(file: ConfigFile, { secrets, plans }: Resolved): Config {
  const secret = (key: string): Secret => {
    const found = secrets.get(key);
    if (!found) throw new Error(`the secret ${key} was not read`);
    return found;
  };
  const { agent, container_host, exec, dns, proxy } = file;
  const config: Config = {
    agent,
    api: apiOf(file, secret),
    log: file.log,
    audit: file.audit,
    alerts: alertsOf(file, secret),
    state_key: file.state_key ? secret('state_key') : null,
    state_key_former: file.state_key_former ? secret('state_key_former') : null,
    container_host: { ...container_host, proxmox: proxmoxOf(container_host.proxmox, secret) },
    exec: {
      ...exec,
      ssh: exec.ssh ? { ...exec.ssh, private_key: secret('exec.ssh.private_key') } : null,
    },
    reconcile: file.reconcile,
    addresses: { pools: file.addresses.pools.map(poolOf) },
    dns: {
      ...dns,
      powerdns: dns.powerdns
        ? {
            ...dns.powerdns,
            zone: dns.powerdns.zone ?? agent.base_domain,
            api_key: secret('dns.powerdns.api_key'),
          }
        : null,
    },
    proxy: {
      ...proxy,
      ssh: proxy.ssh ? { ...proxy.ssh, private_key: secret('proxy.ssh.private_key') } : null,
      door: {
        ...proxy.door,
        https_port: proxy.door.https_port ?? proxy.nginx.https_port,
        ca_file: proxy.door.ca_file ?? null,
      },
    },
    domains: {
      ...file.domains,
      acme: {
        ...file.domains.acme,
        email: file.domains.acme.email ?? null,
        ca_file: file.domains.acme.ca_file ?? null,
      },
      local_ca: file.domains.local_ca ?? null,
    },
    jobs: file.jobs,
    circuits: file.circuits,
    create: file.create,
    upgrade: file.upgrade,
    deletion: file.deletion,
    plans: plans.map((plan) => ({ ...plan })),
    modules: file.modules,
    products: file.products,
  };
  return deepFreeze(config);
}

type Reveal = (key: string) => Secret;

function apiOf(file: ConfigFile, secret: Reveal): Config['api'] {
  return {
    ...file.api,
    socket: file.api.socket ?? join(file.agent.state_dir, 'innkeeper.sock'),
    tls: file.api.tls ?? null,
    tokens: file.api.tokens.map((token, n) => ({ ...token, secret: secret(`api.tokens.${n}.secret`) })),
  };
}

function alertsOf({ alerts }: ConfigFile, secret: Reveal): Config['alerts'] {
  const hooks = alerts.hooks.map((hook, n) => ({
    name: hook.name,
    command: hook.command ?? null,
    url: hook.url ? secret(`alerts.hooks.${n}.url`) : null,
    secret: hook.secret ? secret(`alerts.hooks.${n}.secret`) : null,
    ca_file: hook.ca_file ?? null,
  }));
  return { ...alerts, hooks };
}

function proxmoxOf(entry: ConfigFile['container_host']['proxmox'], secret: Reveal): ProxmoxConfig {
  return {
    ...entry,
    urls: entry.urls.map((url) => url.replace(/\/$/, '')),
    token_secret: secret('container_host.proxmox.token_secret'),
    ca_file: entry.ca_file ?? null,
    fingerprint: entry.fingerprint ?? null,
    pool: entry.pool ?? null,
    vlan: entry.vlan ?? null,
    nameserver: entry.nameserver ?? null,
    searchdomain: entry.searchdomain ?? null,
    os_template: entry.os_template ?? null,
    ha: { ...entry.ha, group: entry.ha.group ?? null },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret || Object.isFrozen(value))
    return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
