/** Which domains customers may bring here, from the configuration. */
import type { Config } from '../config/config.js';
import type { NameRules } from '../model/domain-name.js';

export function domainRules({ agent, domains, container_host, exec, dns }: Config): NameRules {
  const urls = [...container_host.proxmox.urls, ...(dns.powerdns ? [dns.powerdns.url] : [])];
  const hosts = Object.values(exec.ssh?.hosts ?? {}).map(({ host }) => host);
  return {
    baseDomain: agent.base_domain,
    blocked: domains.blocked,
    infrastructure: [...urls.map((url) => new URL(url).hostname), ...hosts, ...dns.name_servers],
  };
}
